// Matrix products by the kernels in WebAssembly.
import { A_STEP_BYTES, B_STEP_BYTES, EDGE_TILE_BYTES, K_RUN, PANEL_COLUMNS, TILE_ROWS } from "../layout/constants.ts";
import { reserveScratch } from "../machine/jobs.ts";
import type { Machine } from "../machine/machine.ts";
import { matricesOf, type Product } from "./product.ts";

/** Rough speed of one thread, floating-point operations per nanosecond. */
const FLOPS = 50;
/** Rows per task: a run of k of its part of A stays in the second-level cache. */
const ROWS = 96;
/** Up to here, packing would cost more than the product. */
const FEW_ROWS = 4;

/** Whether a product has so few rows that inner products are faster than packing. */
export function hasFewRows({ M }: Pick<Product, "M">): boolean {
  return M <= FEW_ROWS;
}

const costOf = ({ batch, M, N, K }: Product) => 2 * batch * M * N * K / FLOPS;

/** A product of few rows and B stored transposed, by inner products. */
export function multiplyFewRows(machine: Machine, product: Product): void {
  const { batch, M, N, K } = product;
  const columnsPerTask = Math.ceil(N / (4 * machine.threads));
  for (let i = 0; i < batch; i++) {
    const { a: x, b: w, c: y } = matricesOf(product, i);
    const args = { x, w, y, M, N, K, columnsPerTask };
    machine.run("inner", args, Math.ceil(N / columnsPerTask), 4 * costOf(product) / batch);
  }
}

export function multiplyByWasm(machine: Machine, product: Product): void {
  const { batch, M, N, K, a, b, c, transposeA, transposeB, oneA, oneB, add } = product;
  const { lda, ldb } = matricesOf(product, 0);
  const panels = Math.ceil(N / PANEL_COLUMNS);
  const matricesB = oneB ? 1 : batch;
  const bytesPacked = panels * K * B_STEP_BYTES;
  const packed = machine.heap.allocate(matricesB * bytesPacked);
  try {
    const perTask = Math.max(1, Math.ceil(panels * matricesB / (4 * machine.threads)));
    const packTasks = Math.ceil(panels / perTask);
    const packing = {
      b,
      ldb,
      transposed: Number(transposeB),
      K,
      N,
      packed: packed.address,
      panelsPerTask: perTask,
      matrixBytes: 4 * K * N,
      tasksPerMatrix: packTasks,
    };
    machine.run("pack", packing, packTasks * matricesB, matricesB * panels * K * 3);

    const { rowsPerTask, panelsPerTask } = tasksOf(machine.threads, batch, M, panels);
    const blockBytes = rowsPerTask / TILE_ROWS * Math.min(K, K_RUN) * A_STEP_BYTES;
    const { packedA } = reserveScratch(machine, { edge: EDGE_TILE_BYTES, packedA: blockBytes });
    const tasksAlongN = Math.ceil(panels / panelsPerTask);
    const tasksPerMatrix = Math.ceil(M / rowsPerTask) * tasksAlongN;
    const args = {
      a,
      lda,
      transposed: Number(transposeA),
      packed: packed.address,
      c,
      M,
      N,
      K,
      rowsPerTask,
      panelsPerTask,
      tasksAlongN,
      tasksPerMatrix,
      packedA,
      bytesA: oneA ? 0 : 4 * M * K,
      bytesPacked: oneB ? 0 : bytesPacked,
      bytesC: 4 * M * N,
      add: Number(add ?? false),
    };
    machine.run("gemm", args, batch * tasksPerMatrix, costOf(product));
  } finally {
    machine.heap.free(packed);
  }
}

/** Rows and panels per task, so that every thread has several tasks but none is tiny. */
function tasksOf(threads: number, batch: number, M: number, panels: number) {
  let rows = ROWS;
  let panelsPerTask = panels;
  if (threads > 1) {
    const wanted = 4 * threads;
    if (batch * Math.ceil(M / rows) < wanted) {
      rows = Math.max(4 * TILE_ROWS, Math.ceil(M * batch / wanted / TILE_ROWS) * TILE_ROWS);
      const along = batch * Math.ceil(M / rows);
      if (along < wanted) panelsPerTask = Math.max(2, Math.ceil(panels / Math.ceil(wanted / along)));
    }
  }
  return { rowsPerTask: Math.min(rows, Math.ceil(M / TILE_ROWS) * TILE_ROWS), panelsPerTask };
}
