// Matrix products by AMX: B is split into three bfloat16 parts once (amx-operands.ts), A where it is multiplied
// (assembly/amx.ts). Blocks of C lie at multiples of 32, so that no bytes depend on how the work is cut.
import { type Operand, operandsOf, RUN, type Run, splitOperands, stripBytes } from "./amx-operands.ts";
import type { Machine } from "../machine/machine.ts";
import { STEP, STEP_BYTES, STRIP } from "../x86/split.ts";
import { partOf } from "./native-product.ts";
import type { Product } from "./product.ts";

/** Rough speed of one thread, floating-point operations in a nanosecond. */
const FLOPS = 250;
/** Floating-point operations of one part, at least: some 10 µs. */
const PART = 3e6;
/** Words of a task in the table, and of a target; assembly/amx.ts says what they are. */
const TASK_WORDS = 8;
const TARGET_WORDS = 9;
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
      splitOperands(machine, operands, run);
      multiplyRun(machine, products, ofB, run);
    }
  } finally {
    machine.heap.free(room);
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
