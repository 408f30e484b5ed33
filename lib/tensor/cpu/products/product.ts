// Matrix products: how they are cut into tasks, and the kernels that are one.
import * as tf from "@tensorflow/tfjs";
import { LINEAR } from "../../ops/linear.ts";
import { type KernelFunction, register, setArguments, sizeOf } from "../machine/jobs.ts";
import { fitsAmx, multiplyByAmx } from "./amx-product.ts";
import { multiplyByBlas } from "./blas-product.ts";
import type { Machine } from "../machine/machine.ts";
import { multiplyByTiles } from "./native-product.ts";

/** C `[batch, M, N]` = A·B; A is `[batch, M, K]` (`[batch, K, M]` if transposed), B `[batch, K, N]` (`[batch, N, K]`). */
export interface Product {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether every matrix of the batch is multiplied by the same A, or B. */
  readonly oneA?: boolean;
  readonly oneB?: boolean;
  /** Whether C is added to, not written. */
  readonly add?: boolean;
  /** What C is added to, where that is not C itself; for the native kernels only. */
  readonly addend?: number;
}

/** Whether two products multiply by the same B. */
export function sameB(one: Product, other: Product): boolean {
  return one.b === other.b && one.N === other.N && one.K === other.K && one.transposeB === other.transposeB &&
    one.batch === other.batch && one.oneB === other.oneB;
}

/** Rough speed of one thread, floating-point operations in a nanosecond. */
const FLOPS = 50;
/** Rows of one task: with K ≤ 384 at a time, its part of A stays in the second-level cache. */
const ROWS = 96;
/** Columns of a packed panel of B, and steps of k taken at a time; assembly/tile.ts and gemm.ts have the same. */
const COLUMNS = 16;
const STEPS = 384;
/** Up to here, packing would cost more than the product. */
const FEW_ROWS = 4;

/** Products that do not depend on each other. */
export function multiplyAll(machine: Machine, products: readonly Product[]): void {
  const many = products.every(({ M, batch }) => M > FEW_ROWS || batch > 1);
  if (machine.native !== undefined && many) multiplyNatively(machine, products);
  else if (machine.blas !== undefined && many) multiplyByBlas(machine, products);
  else for (const product of products) multiply(machine, product);
}

function multiplyNatively(machine: Machine, products: readonly Product[]): void {
  if (machine.native!.level === "amx" && products.every(fitsAmx)) multiplyByAmx(machine, products);
  else multiplyByTiles(machine, products);
}

export function multiply(machine: Machine, product: Product): void {
  const { batch, M, N, K, a, b, c, transposeA, transposeB, oneA, oneB, add } = product;
  const cost = 2 * batch * M * N * K / FLOPS;
  if (M <= FEW_ROWS && !transposeA && transposeB && !add) {
    const perTask = Math.ceil(N / (4 * machine.threads));
    for (let i = 0; i < batch; i++) {
      const from = [a + (oneA ? 0 : i * M * K * 4), b + (oneB ? 0 : i * K * N * 4)];
      setArguments(machine, 0, [...from, c + i * M * N * 4, M, N, K, perTask]);
      machine.run("inner", Math.ceil(N / perTask), 4 * cost / batch);
    }
    return;
  }
  if (machine.native !== undefined) return multiplyNatively(machine, [product]);
  if (machine.blas !== undefined) return multiplyByBlas(machine, [product]);
  const panels = Math.ceil(N / COLUMNS);
  const matricesB = oneB ? 1 : batch;
  const packed = machine.heap.allocate(matricesB * panels * K * COLUMNS * 4);
  try {
    const panelsPerTask = Math.max(1, Math.ceil(panels * matricesB / (4 * machine.threads)));
    const packTasks = Math.ceil(panels / panelsPerTask);
    const ldb = (transposeB ? K : N) * 4;
    const flag = Number(transposeB);
    setArguments(machine, 0, [b, ldb, flag, K, N, packed.address, panelsPerTask, K * N * 4, packTasks]);
    machine.run("pack", packTasks * matricesB, matricesB * panels * K * 3);

    const { rows, columns } = tasksOf(machine.threads, batch, M, panels);
    machine.reserveScratch(rows / 6 * Math.min(K, STEPS) * 32 + 512);
    const tasksN = Math.ceil(panels / columns);
    const perMatrix = Math.ceil(M / rows) * tasksN;
    const lda = (transposeA ? M : K) * 4;
    setArguments(machine, 0, [
      a,
      lda,
      Number(transposeA),
      packed.address,
      c,
      M,
      N,
      K,
      rows,
      columns,
      tasksN,
      perMatrix,
    ]);
    setArguments(machine, 12, [
      oneA ? 0 : M * K * 4,
      oneB ? 0 : panels * K * COLUMNS * 4,
      M * N * 4,
      Number(add ?? false),
    ]);
    machine.run("gemm", batch * perMatrix, cost);
  } finally {
    machine.heap.free(packed);
  }
}

/** Rows and panels of one task, so that every thread has several tasks, but none is tiny. */
function tasksOf(threads: number, batch: number, M: number, panels: number): { rows: number; columns: number } {
  let rows = ROWS;
  let columns = panels;
  if (threads > 1) {
    const wanted = 4 * threads;
    if (batch * Math.ceil(M / rows) < wanted) {
      rows = Math.max(24, Math.ceil(M * batch / wanted / 6) * 6);
      const along = batch * Math.ceil(M / rows);
      if (along < wanted) columns = Math.max(2, Math.ceil(panels / Math.ceil(wanted / along)));
    }
  }
  return { rows: Math.min(rows, Math.ceil(M / 6) * 6), columns };
}

const linear: KernelFunction = ({ inputs: { x, w }, backend }) => {
  const [M, K] = x!.shape as [number, number];
  const N = w!.shape[0]!;
  const a = backend.address(x!);
  const b = backend.address(w!);
  const { info, address: c } = backend.output([M, N]);
  multiply(backend.machine, { batch: 1, M, N, K, a, b, c, transposeA: false, transposeB: true });
  return info;
};

/** Registers LINEAR and takes over tfjs's BatchMatMul where no batch dimension is broadcast. */
export function registerProducts(): void {
  register(LINEAR, linear);
  const stock = tf.getKernel("BatchMatMul", "cpu").kernelFunc;
  register("BatchMatMul", (call) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const outer = (shape: number[]) => sizeOf(shape.slice(0, -2));
    const batchA = outer(a.shape);
    const batchB = outer(b.shape);
    const batch = Math.max(batchA, batchB);
    const [a0, a1] = a.shape.slice(-2) as [number, number];
    const [b0, b1] = b.shape.slice(-2) as [number, number];
    const [M, K] = transposeA ? [a1, a0] : [a0, a1];
    const [inner, N] = transposeB ? [b1, b0] : [b0, b1];
    const plain = a.dtype === "float32" && b.dtype === "float32" && K === inner && M * N * K > 0 &&
      (batchA === 1 || batchB === 1 || String(a.shape.slice(0, -2)) === String(b.shape.slice(0, -2)));
    if (!plain) return stock(call as unknown as Parameters<typeof stock>[0]);
    const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const product = { batch, M, N, K, transposeA, transposeB, oneA: batchA === 1, oneB: batchB === 1 };
    const from = { a: call.backend.address(a), b: call.backend.address(b) };
    const { info, address: c } = call.backend.output([...batchShape, M, N]);
    multiply(call.backend.machine, { ...product, ...from, c });
    return info;
  });
}
