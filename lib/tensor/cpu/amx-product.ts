// Matrix products by AMX: B is split into three bfloat16 parts once, A where it is multiplied (assembly/amx.ts). Blocks of C
// lie at multiples of 32, so that no bytes depend on how the work is cut.
import type { KeptForm } from "./constants.ts";
import type { Block } from "./heap.ts";
import { float, forElements } from "./jobs.ts";
import type { Machine } from "./machine.ts";
import { STEP, STEP_BYTES, STRIP } from "./native/split.ts";
import { partOf, runTable } from "./native-product.ts";
import { type Product, sameB } from "./product.ts";

/** Most k of a run: as many of a block of A, in parts, stay in the second-level cache. */
const RUN = 512;
/** Rough speed of one thread, floating-point operations in a nanosecond. */
const FLOPS = 250;
/** Rough nanoseconds to split a number. */
const SPLITTING = 0.4;
/** Floating-point operations of one part, at least: some 10 µs. */
const PART = 3e6;
/** Numbers of B that one task splits, at least. */
const SPLIT_NUMBERS = 16_384;
/** Words of a task in the tables, and of a target; assembly/amx.ts says what they are. */
const SPLIT_WORDS = 7;
const TASK_WORDS = 8;
const TARGET_WORDS = 9;
/** Room for the word that says whether numbers are too large. */
const FLAG_BYTES = 64;
/** Below this many rows, columns or steps of k, splitting costs more than AMX gains. */
const LEAST = { M: 64, N: 64, K: 64 } as const;
/** Scratch room of a thread; assembly/amx.ts says for what. */
const SCRATCH_BYTES = 4096 + 8 * RUN / STEP * STEP_BYTES + RUN * 128 + 8 * (12 * 384 * 4 + 64);

/** Whether AMX is the faster one for a product, by its shape alone. */
export function fitsAmx({ M, N, K }: Pick<Product, "M" | "N" | "K">): boolean {
  return M >= LEAST.M && N >= LEAST.N && K >= LEAST.K;
}

/**
 * Runs products that do not depend on each other, a run of k after the other. Rows of A, and matrices B, with a number of
 * 2^60 or more, an infinity or NaN are AVX-512's: in parts, an infinity would become NaN.
 */
export function multiplyByAmx(machine: Machine, products: readonly Product[]): void {
  const K = products[0]!.K;
  if (products.some((product) => product.K !== K)) {
    for (const product of products) multiplyByAmx(machine, [product]);
    return;
  }
  machine.reserveScratch(SCRATCH_BYTES);
  const { operands, ofB, room } = operandsOf(machine, products);
  try {
    for (let k = 0; k < K; k += RUN) {
      const run = { k, length: Math.min(RUN, K - k) };
      splitAll(machine, operands, run);
      multiplyRun(machine, products, ofB, run);
    }
  } finally {
    machine.heap.free(room);
  }
}

interface Run {
  readonly k: number;
  readonly length: number;
}

/** Matrices B of `N` columns of K numbers each, and where their strips are, or go. */
interface Operand {
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

const stripBytes = (length: number) => Math.ceil(length / STEP) * STEP_BYTES;

/** The matrices B of products, each once, and which is whose; strips that are not kept go to a room of their own. */
function operandsOf(
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
function splitAll(machine: Machine, all: readonly Operand[], run: Run): void {
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

/** Products of one A, and their targets' words. */
interface Group {
  readonly a: number;
  readonly product: Product;
  N: number;
  readonly targets: number[];
}

function multiplyRun(
  machine: Machine,
  products: readonly Product[],
  ofB: readonly Operand[],
  { k, length }: Run,
): void {
  const groups = new Map<string, Group>();
  let cost = 0;
  products.forEach((product, i) => {
    const { batch, M, N, K, a, b, c, transposeA, transposeB, oneA, oneB, add, addend = c } = product;
    cost += 2 * batch * M * N * length / FLOPS;
    for (let matrix = 0; matrix < batch; matrix++) {
      const A = a + (oneA ? 0 : 4 * matrix * M * K) + 4 * k * (transposeA ? M : 1);
      const key = `${A} ${M} ${transposeA}`;
      let group = groups.get(key);
      if (group === undefined) groups.set(key, group = { a: A, product, N: 0, targets: [] });
      group.N += N;
      const C = 4 * matrix * M * N;
      const ldb = 4 * (transposeB ? K : N);
      const B = b + (oneB ? 0 : 4 * matrix * K * N) + k * (transposeB ? 4 : ldb);
      const { strips: first, matrixBytes, flag } = ofB[i]!;
      const strips = first + (oneB ? 0 : matrix * matrixBytes);
      // What is to be added is added with the first run; from then on C is.
      const added = k > 0 ? c + C : add ? addend + C : 0;
      group.targets.push(strips, c + C, 4 * N, N, added, B, ldb, Number(transposeB), flag);
    }
  });
  const tasks: number[] = [];
  const targets: number[] = [];
  for (const group of groups.values()) tasksOf(group, length, groups.size, machine.threads, tasks, targets);
  for (let i = TASK_WORDS - 1; i < tasks.length; i += TASK_WORDS) tasks[i] = 4 * (tasks.length + tasks[i]!);
  machine.ints[0] = machine.stage([...tasks, ...targets]);
  machine.run("amx", tasks.length / TASK_WORDS, cost);
}

/** Rows are cut first: each part splits its rows of A. */
function tasksOf(
  { a, N, product, targets: own }: Group,
  length: number,
  groups: number,
  threads: number,
  tasks: number[],
  targets: number[],
): void {
  const { M, K, transposeA } = product;
  const { rows, wide } = partOf(
    { batch: groups, M, N, K: length },
    { rows: STRIP, columns: STRIP },
    threads,
    PART,
    STRIP,
  );
  const lda = 4 * (transposeA ? M : K);
  const lists = wide >= N ? [own] : cutTargets(own, wide, stripBytes(length));
  for (const list of lists) {
    for (let m = 0; m < M; m += rows) {
      const from = a + m * (transposeA ? 4 : lda);
      const kind = transposeA ? 3 : 0;
      tasks.push(from, lda, kind, m, Math.min(rows, M - m), length, list.length / TARGET_WORDS, targets.length);
    }
    targets.push(...list);
  }
}

/** Each target in parts of at most `wide` columns. */
function cutTargets(own: readonly number[], wide: number, stripStep: number): number[][] {
  const lists: number[][] = [];
  for (let i = 0; i < own.length; i += TARGET_WORDS) {
    const [strips, c, ldc, N, addend, b, ldb, transposed, flag] = own.slice(i, i + TARGET_WORDS) as [
      ...[number, number, number],
      ...[number, number, number],
      ...[number, number, number],
    ];
    for (let n = 0; n < N; n += wide) {
      lists.push([
        strips + n / STRIP * stripStep,
        c + 4 * n,
        ldc,
        Math.min(wide, N - n),
        addend === 0 ? 0 : addend + 4 * n,
        b + n * (transposed === 1 ? ldb : 4),
        ldb,
        transposed,
        flag,
      ]);
    }
  }
  return lists;
}
