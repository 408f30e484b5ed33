// Several linear maps of one input, such as queries, keys and values, or gate and up, in one job each way.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkTensors, hasKernel, inShape, refuseShapes, runKernel, sharedGradients } from "../kernels.ts";
import { isFrozen, weightShape } from "./half.ts";
import { linear, packedProducts } from "./linear.ts";
import { isPacked } from "./packed.ts";

/**
 * Name of the fused kernel: inputs, as a list, `x: [rows, in]` and weights `[out_i, in]`; outputs `[rows, out_i]`; or all
 * of these as stacks `[models, …]`.
 */
export const LINEARS = "StitchbookLinears";
/** Gradient kernels: of x, from the outputs' gradients and the weights; of the weights, from x and the outputs' gradients. */
export const LINEARS_GRAD_X = "StitchbookLinearsGradX";
export const LINEARS_GRAD_W = "StitchbookLinearsGradW";

/**
 * `linear(x, w)` for each of several weights.
 *
 * @param x float32 `[..., in]`
 * @param weights as {@linkcode linear} takes them: `[out_i, in]`, or stacks `[models, out_i, in]`
 * @returns float32 `[..., out_i]`
 * @throws UserError `tensor.shape` when the inner sizes or the numbers of models differ
 */
export function linears(x: tf.Tensor, weights: readonly tf.Tensor[]): tf.Tensor[] {
  if (weights.length === 0) throw new UserError("tensor.shape", "linears() needs at least one weight");
  const inputs = { x, ...Object.fromEntries(weights.map((w, i) => [`w ${i}`, w])) };
  checkTensors(
    "linears",
    inputs,
    Object.fromEntries(weights.map((w, i) => [`w ${i}`, isFrozen(w) ? "int32" : "float32"])),
  );
  const inner = x.shape.at(-1)!;
  const { rank } = weights[0]!;
  const modelsOf = (w: tf.Tensor) => weightShape(w).slice(0, -2);
  const models = modelsOf(weights[0]!);
  if (rank !== 2 && rank !== 3) refuseShapes("linears", inputs, "weights must have 2 or 3 dimensions");
  if (weights.some((w) => weightShape(w).at(-1) !== inner || String(modelsOf(w)) !== String(models))) {
    refuseShapes("linears", inputs, "all must have the same last size and the same number of models");
  }
  if (x.size / inner % (models[0] ?? 1) !== 0) {
    refuseShapes("linears", inputs, "x's rows must be a multiple of the models");
  }
  const allPacked = weights.every(isPacked);
  if (!allPacked && (weights.some(isFrozen) || !hasKernel(LINEARS))) return weights.map((w) => linear(x, w));
  const outputs = allPacked
    ? packedProducts(x, weights)
    : runKernel<tf.Tensor[]>(LINEARS, [inShape(x, [...models, -1, inner]), ...weights]);
  return outputs.map((y) => inShape(y, [...x.shape.slice(0, -1), y.shape.at(-1)!]));
}

tf.registerGradient({
  kernelName: LINEARS,
  saveAllInputs: true,
  gradFunc: (dys, saved) => {
    const [x, ...weights] = saved as [tf.Tensor, ...tf.Tensor[]];
    const dy = dys as unknown as tf.Tensor[];
    const ofWeight = sharedGradients(() => runKernel(LINEARS_GRAD_W, [x, ...dy]));
    return Object.fromEntries([
      ["0", () => runKernel(LINEARS_GRAD_X, [...dy, ...weights])],
      ...weights.map((_, i) => [String(i + 1), ofWeight(i)]),
    ]) as Record<string, () => tf.Tensor>;
  },
});
