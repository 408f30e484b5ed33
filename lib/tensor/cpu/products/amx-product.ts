// Matrix products by AMX: B is split into three bfloat16 parts once (amx-operands.ts), A where it is multiplied
// (wasm/source/amx.ts). Blocks of C begin at multiples of 32, so that no bytes depend on how the work is cut.
import { AMX_BLOCK, AMX_EDGE_BYTES, AMX_RUN, AMX_STEP, AMX_STEP_BYTES, AMX_STRIP, K_RUN } from "../layout/constants.ts";
import { AMX_TARGET, AMX_TASK } from "../layout/jobs.ts";
import { splitForm } from "../layout/native.ts";
import { createTable, type Values } from "../layout/record.ts";
import { reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { type Operands, operandsOf, type Piece, type Run, splitPieces, stripBytes } from "./amx-operands.ts";
import { asideBytes, packedBytes } from "./panels.ts";
import { partOf } from "./parts.ts";
import { matricesOf, type Product } from "./product.ts";

/** Rough speed of one thread, floating-point operations per nanosecond. */
const FLOPS = 250;
/** Floating-point operations of one part, at least: about 10 µs. */
const PART = 3e6;
/** Below this many rows, columns or steps of k, splitting costs more than AMX gains. */
const LEAST = { M: 64, N: 64, K: 64 } as const;

/** Whether AMX is faster for a product, by its shape alone. */
export function fitsAmx({ M, N, K }: Pick<Product, "M" | "N" | "K">): boolean {
  return M >= LEAST.M && N >= LEAST.N && K >= LEAST.K;
}

/**
 * Runs products that do not depend on each other, one run of k after another. Rows of A, and matrices B, with a number
 * of 2^60 or more, an infinity or NaN are left to AVX-512: split, an infinity would become NaN.
 */
export function multiplyByAmx(machine: Machine, products: readonly Product[]): void {
  const K = products[0]!.K;
  if (products.some((product) => product.K !== K)) {
    for (const product of products) multiplyByAmx(machine, [product]);
    return;
  }
  const operands = operandsOf(machine, products);
  try {
    for (const stage of operands.stages) {
      for (let k = 0; k < K; k += AMX_RUN) {
        const run = { k, length: Math.min(AMX_RUN, K - k) };
        splitPieces(machine, stage, run);
        multiplyRun(machine, products, operands, stage, run);
      }
    }
  } finally {
    machine.heap.free(operands.block);
  }
}

type Target = Values<NonNullable<typeof AMX_TARGET.types>>;

/** Products of one A. */
interface Group {
  readonly a: number;
  readonly product: Product;
  /** Columns of all targets. */
  N: number;
  readonly targets: Target[];
}

function multiplyRun(
  machine: Machine,
  products: readonly Product[],
  { of }: Operands,
  stage: readonly Piece[],
  { k, length }: Run,
): void {
  const groups = new Map<string, Group>();
  let cost = 0;
  products.forEach((product, i) => {
    for (const piece of stage.filter(({ operand }) => operand === of[i])) {
      const { batch, M, transposeA, transposeB, oneB, add, addend = product.c } = product;
      const { n, columns, strips, tooLarge } = piece;
      const matrices = oneB ? Array.from({ length: batch }, (_, matrix) => matrix) : [piece.matrix];
      cost += 2 * matrices.length * M * columns * length / FLOPS;
      for (const matrix of matrices) {
        const { a, lda, b, ldb, c, ldc } = matricesOf(product, matrix);
        const A = a + k * (transposeA ? lda : 4);
        const key = `${A} ${M} ${transposeA}`;
        let group = groups.get(key);
        if (group === undefined) groups.set(key, group = { a: A, product, N: 0, targets: [] });
        group.N += columns;
        group.targets.push({
          strips,
          b: b + k * (transposeB ? 4 : ldb) + n * (transposeB ? ldb : 4),
          ldb,
          transposeB: Number(transposeB),
          tooLarge,
          c: c + 4 * n,
          ldc,
          N: columns,
          // The addend is added with the first run; from then on C is.
          addend: k > 0 ? c + 4 * n : add ? c + 4 * n - product.c + addend : 0,
        });
      }
    }
  });
  const tasks: Task[] = [];
  const targets = createTable(AMX_TARGET);
  for (const group of groups.values()) {
    for (const list of partsOf(group, length, groups.size, machine.threads)) {
      for (const task of list.tasks) tasks.push({ ...task, targets: AMX_TARGET.bytes * targets.length });
      for (const target of list.targets) targets.add(target);
    }
  }
  const table = createTable(AMX_TASK);
  for (const task of tasks) table.add({ ...task, targets: tasks.length * AMX_TASK.bytes + task.targets });
  const places = reserveScratch(machine, {
    edge: AMX_EDGE_BYTES,
    block: AMX_BLOCK * AMX_RUN / AMX_STEP * AMX_STEP_BYTES,
    panel: packedBytes(machine.native, AMX_RUN, AMX_STRIP),
    aside: asideBytes(machine.native, K_RUN),
  });
  const staged = machine.stage([...table.words, ...targets.words]);
  machine.run("amx", { table: staged, ...places }, table.length, cost);
}

type Task = Values<NonNullable<typeof AMX_TASK.types>>;

/** Tasks with the same targets. Rows are cut first: each part splits its rows of A. */
function partsOf({ a, N, product, targets }: Group, length: number, groups: number, threads: number) {
  const { M, transposeA } = product;
  const { lda } = matricesOf(product, 0);
  const sizes = { batch: groups, M, N, K: length };
  const { rows, columns } = partOf(sizes, { rows: AMX_STRIP, columns: AMX_STRIP }, threads, PART, AMX_STRIP);
  const lists = columns >= N ? [targets] : targets.flatMap((target) => cutTarget(target, columns, stripBytes(length)));
  const form = splitForm("A", transposeA);
  return lists.map((targets) => ({
    targets,
    tasks: Array.from({ length: Math.ceil(M / rows) }, (_, i) => {
      const firstRow = i * rows;
      const from = a + firstRow * (transposeA ? 4 : lda);
      const some = Math.min(rows, M - firstRow);
      return { a: from, lda, form, firstRow, rows: some, K: length, targetCount: targets.length };
    }),
  }));
}

/** A target in parts of at most `columns` columns, a list each. */
function cutTarget(target: Target, columns: number, stripStep: number): Target[][] {
  const { strips, b, ldb, transposeB, c, N, addend } = target;
  return Array.from({ length: Math.ceil(N / columns) }, (_, i) => {
    const n = i * columns;
    return [{
      ...target,
      strips: strips + n / AMX_STRIP * stripStep,
      b: b + n * (transposeB === 1 ? ldb : 4),
      c: c + 4 * n,
      N: Math.min(columns, N - n),
      addend: addend === 0 ? 0 : addend + 4 * n,
    }];
  });
}
