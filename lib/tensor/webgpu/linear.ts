// Linear maps on WebGPU: single ones, with half-precision weights, added to a residual stream, and several of one input
// with their gradients; of one model, or of a stack of models as a batch.
import type * as tf from "@tensorflow/tfjs";
import { ADD_LINEAR } from "../ops/add-linear.ts";
import { LINEAR_HALF } from "../ops/half.ts";
import { LINEAR, LINEAR_HALF_GRAD_X } from "../ops/linear.ts";
import { LINEARS, LINEARS_GRAD_W, LINEARS_GRAD_X } from "../ops/linears.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { unpackHalf } from "./half.ts";
import { type KernelFunction, register, sizeOf } from "./kernel.ts";
import { multiply } from "./product.ts";

type Info = tf.TensorInfo;

/** Which matrices of a product are transposed. */
interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const FORWARD: Transposes = { transposeA: false, transposeB: true };
const OF_INPUT: Transposes = { transposeA: false, transposeB: false };
const OF_WEIGHT: Transposes = { transposeA: true, transposeB: false };

/**
 * `a · b`, plus `plus` if it is given: matrices, or stacks of equally many. An int32 `b` holds packed halves in aligned
 * rows.
 */
function product(backend: StitchbookWebGPU, a: Info, b: Info, transposes: Transposes, plus?: Info): Info {
  for (const tensor of plus === undefined ? [a] : [a, plus]) backend.check(tensor);
  const halfB = b.dtype === "int32";
  backend.check(b, halfB ? "int32" : "float32");
  const { transposeA, transposeB } = transposes;
  const models = a.shape.slice(0, -2);
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const N = transposeB ? b.shape.at(-2)! : b.shape.at(-1)! * (halfB ? 2 : 1);
  const batch = sizeOf(models);
  const sizes = { batch, M, N, K, sharedA: batch === 1, sharedB: batch === 1, halfB };
  return multiply(backend, { ...sizes, ...transposes }, a, b, [...models, M, N], plus === undefined ? {} : { plus });
}

/** `a` times half-precision weights, unpacked as they are read, or beforehand if rows are not aligned. */
function halfProduct(backend: StitchbookWebGPU, a: Info, w: Info, transposes: Transposes): Info {
  if (w.shape.at(-1)! % 2 === 0) return product(backend, a, w, transposes);
  const whole = unpackHalf({ inputs: { x: w }, attrs: {}, backend }) as Info;
  const c = product(backend, a, whole, transposes);
  backend.release(whole);
  return c;
}

const linears: KernelFunction = ({ inputs, backend }) => {
  const [x, ...weights] = Object.values(inputs) as [Info, ...Info[]];
  return weights.map((w) => product(backend, x, w, FORWARD));
};

/** dx = Σ dyᵢ·Wᵢ, each product added to the sum so far. */
const linearsGradX: KernelFunction = ({ inputs, backend }) => {
  const all = Object.values(inputs);
  const count = all.length / 2;
  let sum: Info | undefined;
  for (let i = 0; i < count; i++) {
    const next = product(backend, all[i]!, all[count + i]!, OF_INPUT, sum);
    if (sum !== undefined) backend.release(sum);
    sum = next;
  }
  return sum!;
};

/** dWᵢ = dyᵢᵀ·x. */
const linearsGradW: KernelFunction = ({ inputs, backend }) => {
  const [x, ...dys] = Object.values(inputs) as [Info, ...Info[]];
  return dys.map((dy) => product(backend, dy, x, OF_WEIGHT));
};

register(LINEAR, ({ inputs: { x, w }, backend }) => product(backend, x!, w!, FORWARD));
register(LINEAR_HALF, ({ inputs: { x, w }, backend }) => halfProduct(backend, x!, w!, FORWARD));
register(LINEAR_HALF_GRAD_X, ({ inputs: { dy, w }, backend }) => halfProduct(backend, dy!, w!, OF_INPUT));
register(ADD_LINEAR, ({ inputs: { h, x, w }, backend }) => product(backend, x!, w!, FORWARD, h!));
register(LINEARS, linears);
register(LINEARS_GRAD_X, linearsGradX);
register(LINEARS_GRAD_W, linearsGradW);
