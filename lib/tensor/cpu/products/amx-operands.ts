// The matrices B of products by AMX, split into three bfloat16 parts: once for all threads, and kept if they are
// constant.
import { AMX_EDGE_BYTES, AMX_RUN, AMX_STEP, AMX_STEP_BYTES, AMX_STRIP } from "../layout/constants.ts";
import { AMX_SPLIT } from "../layout/jobs.ts";
import { splitForm } from "../layout/native.ts";
import { createTable, type TableOf } from "../layout/record.ts";
import type { KeptForm } from "../machine/constant-matrices.ts";
import type { Block } from "../machine/heap.ts";
import { forElements, reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { matricesOf, type Product, sameB } from "./product.ts";

/** Rough nanoseconds to split a number. */
const SPLITTING = 0.4;
/** Numbers of B that one task splits, at least. */
const SPLIT_NUMBERS = 16_384;
/** Memory for the word that flags numbers too large to split. */
const FLAG_BYTES = 64;

/** Steps of k that are multiplied at a time. */
export interface Run {
  readonly k: number;
  readonly length: number;
}

/** The matrices B of a product, and where their strips are or go. */
export interface Operand {
  readonly product: Product;
  readonly matrices: number;
  /** Bytes of a run of one matrix in strips. */
  readonly matrixBytes: number;
  readonly strips: number;
  /** A word that is 1 if a number is too large to be split. */
  readonly tooLarge: number;
  /** Where the strips are kept, if they are. */
  readonly kept: KeptForm | undefined;
}

/** Bytes of a strip of so many steps of k. */
export const stripBytes = (length: number) => Math.ceil(length / AMX_STEP) * AMX_STEP_BYTES;

/** The distinct matrices B, and the one of each product; strips that are not kept go to the block. */
export function operandsOf(
  machine: Machine,
  products: readonly Product[],
): { operands: Operand[]; ofB: Operand[]; block: Block } {
  const first = products.map((product) => products.findIndex((other) => sameB(product, other)));
  const own = products.filter((_, i) => first[i] === i);
  let bytes = FLAG_BYTES * own.length;
  const places = own.map((product) => {
    const { batch, N, K, oneB } = product;
    const matrices = oneB ? 1 : batch;
    const matrixBytes = Math.ceil(N / AMX_STRIP) * stripBytes(Math.min(K, AMX_RUN));
    const size = matrices * matrixBytes;
    // With a longer K, each run's strips replace those of the previous run.
    const kept = K <= AMX_RUN ? machine.constants.find(product, "strips", FLAG_BYTES + size) : undefined;
    const at = bytes;
    if (kept === undefined) bytes += size;
    return { matrices, matrixBytes, kept, at };
  });
  const block = machine.heap.allocate(bytes);
  const operands = own.map((product, i): Operand => {
    const { matrices, matrixBytes, kept, at } = places[i]!;
    const tooLarge = kept?.address ?? block.address + FLAG_BYTES * i;
    const strips = kept === undefined ? block.address + at : kept.address + FLAG_BYTES;
    return { product, matrices, matrixBytes, strips, tooLarge, kept };
  });
  return { operands, ofB: first.map((i) => operands[own.indexOf(products[i]!)]!), block };
}

/** Splits the operands that are not split yet. */
export function splitOperands(machine: Machine, all: readonly Operand[], run: Run): void {
  const operands = all.filter(({ kept }) => !kept?.isPacked);
  if (operands.length === 0) return;
  const clear = (y: number, words: number) => forElements(machine, "fill", words, 1, { value: 0, y });
  const words = operands.filter(({ kept }) => kept === undefined).map(({ tooLarge }) => tooLarge);
  if (words.length > 0) clear(words[0]!, (words.at(-1)! - words[0]!) / 4 + 1); // side by side in the block
  for (const { kept, tooLarge } of operands) if (kept !== undefined) clear(tooLarge, 1);
  const tasks = createTable(AMX_SPLIT);
  let cost = 0;
  for (const operand of operands) {
    addSplitTasks(operand, run, machine.threads, tasks);
    cost += SPLITTING * operand.matrices * operand.product.N * run.length;
  }
  const { edge } = reserveScratch(machine, { edge: AMX_EDGE_BYTES });
  machine.run("splitForAmx", { table: machine.stage(tasks.words), edge }, tasks.length, cost);
  for (const { kept } of operands) if (kept !== undefined) kept.isPacked = true;
}

function addSplitTasks(operand: Operand, { k, length }: Run, threads: number, tasks: TableOf<typeof AMX_SPLIT>): void {
  const { product, matrices, matrixBytes, strips, tooLarge } = operand;
  const { N, transposeB } = product;
  const columns = AMX_STRIP *
    Math.ceil(Math.max(SPLIT_NUMBERS / length, N * matrices / (4 * threads)) / AMX_STRIP);
  const form = splitForm("B", transposeB);
  for (let matrix = 0; matrix < matrices; matrix++) {
    const { b, ldb: ld } = matricesOf(product, matrix);
    for (let n = 0; n < N; n += columns) {
      const from = b + (transposeB ? n * ld + 4 * k : 4 * n + k * ld);
      const to = strips + matrix * matrixBytes + n / AMX_STRIP * stripBytes(length);
      tasks.add({ from, ld, form, lines: Math.min(columns, N - n), K: length, to, tooLarge });
    }
  }
}
