// Matrix products by AMX: B is split into three bfloat16 parts once, A where it is multiplied (assembly/amx.ts). Blocks of C
// lie at multiples of 32, so that no bytes depend on how the work is cut.
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
const SPLIT_WORDS = 6;
const TASK_WORDS = 8;
const TARGET_WORDS = 8;
/** Below this many rows, columns or steps of k, splitting costs more than AMX gains. */
const LEAST = { M: 256, N: 256, K: 256 } as const;
/** Scratch room of a thread; assembly/amx.ts says for what. */
const SCRATCH_BYTES = 4096 + 8 * RUN / STEP * STEP_BYTES + RUN * 128 + 8 * (12 * 384 * 4 + 64);

/** Whether AMX is the faster one for a product, by its shape alone. */
export function fitsAmx({ M, N, K }: Pick<Product, "M" | "N" | "K">): boolean {
  return M >= LEAST.M && N >= LEAST.N && K >= LEAST.K;
}

/**
 * Runs products that do not depend on each other, a run of k after the other. Where a number is not finite, AVX-512 takes
 * over: in parts, an infinity would become NaN.
 */
export function multiplyByAmx(machine: Machine, products: readonly Product[]): void {
  const K = products[0]!.K;
  if (products.some((product) => product.K !== K)) {
    for (const product of products) multiplyByAmx(machine, [product]);
    return;
  }
  const operands: Operand[] = [];
  const ofB: Operand[] = [];
  let bytes = 0;
  products.forEach((product, i) => {
    const same = products.findIndex((other) => sameB(product, other));
    if (same < i) return void ofB.push(ofB[same]!);
    const operand = operandB(product, Math.min(K, RUN), bytes);
    operands.push(operand);
    ofB.push(operand);
    bytes += operand.matrices * operand.matrixBytes;
  });
  machine.reserveScratch(SCRATCH_BYTES);
  const room = machine.heap.allocate(64 + bytes);
  try {
    const strips = room.address + 64;
    for (let k = 0; k < K; k += RUN) {
      const run = { k, length: Math.min(RUN, K - k) };
      forElements(machine, "fill", 1, 1, [float(0), room.address]);
      machine.ints[1] = room.address;
      const splits: number[] = [];
      for (const operand of operands) splitTasks(operand, run, strips, machine.threads, splits);
      runTable(machine, "split", splits, SPLIT_WORDS, SPLITTING * bytes / 6);
      multiplyRun(
        machine,
        products,
        run,
        (product, matrix) => strips + ofB[product]!.at + matrix * ofB[product]!.matrixBytes,
      );
    }
  } finally {
    machine.heap.free(room);
  }
}

interface Run {
  readonly k: number;
  readonly length: number;
}

/** Matrices B to split: `N` columns of K numbers each. */
interface Operand {
  readonly address: number;
  readonly matrices: number;
  readonly N: number;
  readonly K: number;
  readonly transposed: boolean;
  /** Bytes of a run of a matrix in strips. */
  readonly matrixBytes: number;
  /** Where the first one's strips go, from where all strips begin. */
  readonly at: number;
}

const stripBytes = (length: number) => Math.ceil(length / STEP) * STEP_BYTES;

function operandB({ b, batch, N, K, transposeB: transposed, oneB }: Product, length: number, at: number): Operand {
  const matrixBytes = Math.ceil(N / STRIP) * stripBytes(length);
  return { address: b, matrices: oneB ? 1 : batch, N, K, transposed, matrixBytes, at };
}

function splitTasks(operand: Operand, { k, length }: Run, strips: number, threads: number, tasks: number[]): void {
  const { address, matrices, N, K, transposed, matrixBytes, at } = operand;
  const wide = STRIP * Math.ceil(Math.max(SPLIT_NUMBERS / length, N * matrices / (4 * threads)) / STRIP);
  const ld = 4 * (transposed ? K : N);
  for (let matrix = 0; matrix < matrices; matrix++) {
    const from = address + 4 * matrix * N * K + k * (transposed ? 4 : ld);
    const to = strips + at + matrix * matrixBytes;
    for (let n = 0; n < N; n += wide) {
      const kind = transposed ? 1 : 2;
      const place = to + n / STRIP * stripBytes(length);
      tasks.push(from + n * (transposed ? ld : 4), ld, kind, Math.min(wide, N - n), length, place);
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
  { k, length }: Run,
  stripsOf: (product: number, matrix: number) => number,
): void {
  const groups: Group[] = [];
  let cost = 0;
  products.forEach((product, i) => {
    const { batch, M, N, K, a, b, c, transposeA, transposeB, oneA, oneB, add, addend = c } = product;
    cost += 2 * batch * M * N * length / FLOPS;
    for (let matrix = 0; matrix < batch; matrix++) {
      const A = a + (oneA ? 0 : 4 * matrix * M * K) + 4 * k * (transposeA ? M : 1);
      let group = groups.find((one) => one.a === A && one.product.M === M && one.product.transposeA === transposeA);
      if (group === undefined) groups.push(group = { a: A, product, N: 0, targets: [] });
      group.N += N;
      const C = 4 * matrix * M * N;
      const ldb = 4 * (transposeB ? K : N);
      const B = b + (oneB ? 0 : 4 * matrix * K * N) + k * (transposeB ? 4 : ldb);
      const strips = stripsOf(i, oneB ? 0 : matrix);
      // What is to be added is added with the first run; from then on C is.
      const added = k > 0 ? c + C : add ? addend + C : 0;
      group.targets.push(strips, c + C, 4 * N, N, added, B, ldb, Number(transposeB));
    }
  });
  const tasks: number[] = [];
  const targets: number[] = [];
  for (const group of groups) tasksOf(group, length, groups.length, machine.threads, tasks, targets);
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
    const [strips, c, ldc, N, addend, b, ldb, transposed] = own.slice(i, i + TARGET_WORDS) as [
      ...[number, number, number, number],
      ...[number, number, number, number],
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
      ]);
    }
  }
  return lists;
}
