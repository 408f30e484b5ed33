// The matrices B of products by AMX, split into three bfloat16 parts: once for all threads, and for good where they are held
// constant.
import type { KeptForm } from "../machine/constants.ts";
import type { Block } from "../machine/heap.ts";
import { float, forElements } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { STEP, STEP_BYTES, STRIP } from "../x86/split.ts";
import { runTable } from "./native-product.ts";
import { type Product, sameB } from "./product.ts";

/** Most k of a run: as many of a block of A, in parts, stay in the second-level cache. */
export const RUN = 512;
/** Rough nanoseconds to split a number. */
const SPLITTING = 0.4;
/** Numbers of B that one task splits, at least. */
const SPLIT_NUMBERS = 16_384;
/** Words of a task in the table; assembly/amx.ts says what they are. */
const SPLIT_WORDS = 7;
/** Room for the word that says whether numbers are too large. */
const FLAG_BYTES = 64;

/** Steps of k that are multiplied at a time. */
export interface Run {
  readonly k: number;
  readonly length: number;
}

/** Matrices B of `N` columns of K numbers each, and where their strips are, or go. */
export interface Operand {
  readonly address: number;
  readonly matrices: number;
  readonly N: number;
  readonly K: number;
  readonly transposed: boolean;
  /** Bytes of a run of a matrix in strips. */
  readonly matrixBytes: number;
  readonly strips: number;
  /** A word that is 1 if a number is too large to be split. */
  readonly flag: number;
  /** Where that is kept. */
  readonly kept: KeptForm | undefined;
}

/** Bytes of a strip of so many steps of k. */
export const stripBytes = (length: number) => Math.ceil(length / STEP) * STEP_BYTES;

/** The matrices B of products, each once, and which is whose; strips that are not kept go to a room of their own. */
export function operandsOf(
  machine: Machine,
  products: readonly Product[],
): { operands: Operand[]; ofB: Operand[]; room: Block } {
  const first = products.map((product) => products.findIndex((other) => sameB(product, other)));
  const own = products.filter((_, i) => first[i] === i);
  let bytes = FLAG_BYTES * own.length;
  const places = own.map((product) => {
    const { batch, N, K, oneB } = product;
    const matrixBytes = Math.ceil(N / STRIP) * stripBytes(Math.min(K, RUN));
    const size = (oneB ? 1 : batch) * matrixBytes;
    // Of a longer K, a run of strips makes place for the next one.
    const kept = K <= RUN ? machine.constants.find(product, "strips", FLAG_BYTES + size) : undefined;
    const at = bytes;
    if (kept === undefined) bytes += size;
    return { matrixBytes, kept, at };
  });
  const room = machine.heap.allocate(bytes);
  const operands = own.map(({ b: address, batch, N, K, transposeB: transposed, oneB }, i): Operand => {
    const { matrixBytes, kept, at } = places[i]!;
    const flag = kept?.address ?? room.address + FLAG_BYTES * i;
    const strips = kept === undefined ? room.address + at : kept.address + FLAG_BYTES;
    return { address, matrices: oneB ? 1 : batch, N, K, transposed, matrixBytes, strips, flag, kept };
  });
  return { operands, ofB: first.map((i) => operands[own.indexOf(products[i]!)]!), room };
}

/** Splits what is not yet. */
export function splitOperands(machine: Machine, all: readonly Operand[], run: Run): void {
  const operands = all.filter(({ kept }) => !kept?.isPacked);
  if (operands.length === 0) return;
  const clear = (flag: number, words: number) => forElements(machine, "fill", words, 1, [float(0), flag]);
  const ofRoom = operands.filter(({ kept }) => kept === undefined);
  if (ofRoom.length > 0) clear(ofRoom[0]!.flag, (ofRoom.at(-1)!.flag - ofRoom[0]!.flag) / 4 + 1); // side by side
  for (const { kept, flag } of operands) if (kept !== undefined) clear(flag, 1);
  const tasks: number[] = [];
  let cost = 0;
  for (const operand of operands) {
    splitTasks(operand, run, machine.threads, tasks);
    cost += SPLITTING * operand.matrices * operand.N * run.length;
  }
  runTable(machine, "split", tasks, SPLIT_WORDS, cost);
  for (const { kept } of operands) if (kept !== undefined) kept.isPacked = true;
}

function splitTasks(operand: Operand, { k, length }: Run, threads: number, tasks: number[]): void {
  const { address, matrices, N, K, transposed, matrixBytes, strips, flag } = operand;
  const wide = STRIP * Math.ceil(Math.max(SPLIT_NUMBERS / length, N * matrices / (4 * threads)) / STRIP);
  const ld = 4 * (transposed ? K : N);
  for (let matrix = 0; matrix < matrices; matrix++) {
    const from = address + 4 * matrix * N * K + k * (transposed ? 4 : ld);
    const to = strips + matrix * matrixBytes;
    for (let n = 0; n < N; n += wide) {
      const kind = transposed ? 1 : 2;
      const place = to + n / STRIP * stripBytes(length);
      tasks.push(from + n * (transposed ? ld : 4), ld, kind, Math.min(wide, N - n), length, place, flag);
    }
  }
}
