// Several linear maps of one input, as of queries, keys and values, or of gate and up: one job each way.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, refuseShapes, runKernel, sharedGradients } from "../kernels.ts";
import { isHalf } from "./half.ts";
import { linear } from "./linear.ts";

/** Name of the fused kernel: inputs, as a list, `x: [rows, in]` and weights `[out_i, in]`; outputs `[rows, out_i]`. */
export const LINEARS = "StitchbookLinears";
/** Its gradients' kernels: of x, from the outputs' gradients and then the weights; of the weights, from x and the former. */
export const LINEARS_GRAD_X = "StitchbookLinearsGradX";
export const LINEARS_GRAD_W = "StitchbookLinearsGradW";

/**
 * `linear(x, w)` for each of several weights.
 *
 * @param x float32 `[..., in]`
 * @param weights float32 `[out_i, in]`
 * @returns float32 `[..., out_i]`
 * @throws UserError `tensor.shape` when the inner sizes differ
 */
export function linears(x: tf.Tensor, weights: readonly tf.Tensor[]): tf.Tensor[] {
  for (const w of weights) checkTensors("linears", { x, w }, { w: isHalf(w) ? "int32" : "float32" });
  const inner = x.shape.at(-1)!;
  const plain = weights.every((w) => w.rank === 2 && w.dtype === "float32");
  if (!plain || !hasKernel(LINEARS)) return weights.map((w) => linear(x, w));
  if (weights.some((w) => w.shape[1] !== inner || w.size === 0) || x.size === 0) {
    const inputs = { x, ...Object.fromEntries(weights.map((w, i) => [`w ${i}`, w])) };
    refuseShapes("linears", inputs, "the last size of all must be equal, and none may be empty");
  }
  const outputs = runKernel<tf.Tensor[]>(LINEARS, [x.reshape([-1, inner]), ...weights]);
  return outputs.map((y) => y.reshape([...x.shape.slice(0, -1), y.shape[1]!]));
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
