// Matrix products on WebGPU: how each is tiled, and the kernels that are products.
import * as tf from "@tensorflow/tfjs";
import type { StitchbookWebGPU } from "./backend.ts";
import { type KernelFunction, register, sizeOf, stockKernel, sumParts } from "./kernel.ts";
import { FEW_ROWS, fewRowsGroups, fewRowsProgram } from "./product-few-rows.ts";
import { DEPTH, productProgram, storageOf, threadsOf, type Tiling, TILINGS } from "./product-code.ts";

/** C `[batch, M, N]` = A·B; A is `[batch, M, K]` (`[batch, K, M]` if transposed), B `[batch, K, N]` (`[batch, N, K]`). */
export interface Product {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether all matrices of the batch have the same A, or B. */
  readonly sharedA: boolean;
  readonly sharedB: boolean;
  /** Whether B holds packed halves; its rows must be multiples of four then. @default false */
  readonly halfB?: boolean;
}

/** How one product is computed. */
export interface ProductPlan {
  readonly tiling: Tiling;
  /** Parts of the inner dimension, summed at the end in order: without atomics, equal runs give equal bytes. */
  readonly splits: number;
}

/** Invocations that keep a large GPU busy: 256 on each of 128 multiprocessors. */
const ENOUGH_THREADS = 128 * 256;
/** Fewest steps of the inner dimension in a split: with fewer, writing and summing the parts costs more than it saves. */
const SPLIT_STEPS = 128;
const MOST_SPLITS = 32;

/** The largest tiles with enough workgroups to fill the device; depends only on the shape and the device's limits. */
export function planProduct({ batch, M, N, K }: Product, limits: GPUSupportedLimits): ProductPlan {
  const plans = TILINGS.filter((tiling) =>
    threadsOf(tiling) <= limits.maxComputeInvocationsPerWorkgroup &&
    storageOf(tiling) <= limits.maxComputeWorkgroupStorageSize
  ).map((tiling) => {
    const enough = ENOUGH_THREADS / threadsOf(tiling);
    const tiles = batch * Math.ceil(M / tiling.rows) * Math.ceil(N / tiling.columns);
    const useful = Math.min(MOST_SPLITS, Math.floor(K / SPLIT_STEPS), Math.ceil(enough / tiles));
    const splits = Math.max(1, useful);
    // at most 2/5 of the tiles' area may lie outside of C
    const fits = batch * M * N > 0.6 * tiles * tiling.rows * tiling.columns;
    return { tiling, splits, good: fits && tiles * splits >= enough };
  });
  const best = plans.find(({ good }) => good) ?? plans.at(-1)!;
  return { tiling: best.tiling, splits: best.splits };
}

/**
 * `a · b`, plus `plus` if given, as a new tensor of this shape.
 *
 * @param options.plan default: {@linkcode planProduct}'s
 * @param options.plus a tensor of this shape
 */
export function multiply(
  backend: StitchbookWebGPU,
  product: Product,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  shape: readonly number[],
  { plan, plus }: { readonly plan?: ProductPlan; readonly plus?: tf.TensorInfo } = {},
): tf.TensorInfo {
  const { batch, M, N, K, transposeA, transposeB, sharedA, sharedB, halfB = false } = product;
  const c = backend.output(shape);
  const added = plus === undefined ? [] : [plus];
  if (plan === undefined && batch === 1 && M <= FEW_ROWS && !transposeA && transposeB) {
    const few = fewRowsProgram(M, K % 4 === 0, halfB, plus !== undefined);
    backend.launch(few, [a, b, ...added, c], [N, K], fewRowsGroups(N));
    return c;
  }
  const { tiling, splits: wanted } = plan ?? planProduct(product, backend.limits);
  const perSplit = Math.ceil(K / wanted / DEPTH) * DEPTH;
  const splits = Math.ceil(K / perSplit);
  const made = productProgram({
    tiling,
    transposeA,
    transposeB,
    alignedA: (transposeA ? M : K) % 4 === 0,
    alignedB: (transposeB ? K : N) % 4 === 0,
    alignedC: N % 4 === 0,
    halfB,
    adds: splits === 1 && plus !== undefined,
  });
  const target = splits === 1 ? c : backend.output([splits, ...shape]);
  const groups = batch * splits * Math.ceil(M / tiling.rows) * Math.ceil(N / tiling.columns);
  const strides = [sharedA ? 0 : M * K, sharedB ? 0 : K * N];
  const edgeStrides = [transposeA ? 1 : K, transposeB ? K : 1];
  const stepStrides = [transposeA ? M : 1, transposeB ? 1 : N];
  const uniforms = [M, N, K, ...strides, ...edgeStrides, ...stepStrides, batch, splits, perSplit];
  backend.launch(made, [a, b, ...(splits === 1 ? added : []), target], uniforms, groups);
  if (splits > 1) {
    sumParts(backend, target, c, splits, batch * M * N, plus);
    backend.release(target);
  }
  return c;
}

/** Replaces tfjs's BatchMatMul, which may split the inner dimension with atomics. */
const stock = stockKernel("BatchMatMul");
register("BatchMatMul", (call) => matMul(call) ?? stock(call));

function matMul({ inputs, attrs, backend }: Parameters<KernelFunction>[0]): tf.TensorInfo | undefined {
  const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const outer = (tensor: tf.TensorInfo) => tensor.shape.slice(0, -2);
  const [a0, a1] = a.shape.slice(-2) as [number, number];
  const [b0, b1] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [a1, a0] : [a0, a1];
  const [inner, N] = transposeB ? [b1, b0] : [b0, b1];
  // the stock kernel reports what is wrong with other inputs
  if (a.dtype !== "float32" || b.dtype !== "float32" || K !== inner || M * N * K === 0) return undefined;
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(outer(a), outer(b));
  const batch = sizeOf(batchShape);
  const spread = (tensor: tf.TensorInfo) => spreadOver(backend, tensor, batchShape);
  const [wholeA, wholeB] = [spread(a), spread(b)];
  const product = {
    batch,
    M,
    N,
    K,
    transposeA,
    transposeB,
    sharedA: sizeOf(outer(a)) === 1,
    sharedB: sizeOf(outer(b)) === 1,
  };
  const c = multiply(backend, product, wholeA, wholeB, [...batchShape, M, N]);
  if (wholeA !== a) backend.release(wholeA);
  if (wholeB !== b) backend.release(wholeB);
  return c;
}

/** A tensor repeated along the batch dimensions that it lacks; a single matrix is returned as is. */
function spreadOver(backend: StitchbookWebGPU, tensor: tf.TensorInfo, batchShape: number[]): tf.TensorInfo {
  const outer = tensor.shape.slice(0, -2);
  if (sizeOf(outer) === 1 || sizeOf(outer) === sizeOf(batchShape)) return tensor;
  const padded = [...new Array<number>(batchShape.length - outer.length).fill(1), ...outer];
  const reps = [...padded.map((n, i) => n === batchShape[i] ? 1 : batchShape[i]!), 1, 1];
  const x = { ...tensor, shape: [...padded, ...tensor.shape.slice(-2)] };
  return stockKernel("Tile")({ inputs: { x }, attrs: { reps }, backend }) as tf.TensorInfo;
}
