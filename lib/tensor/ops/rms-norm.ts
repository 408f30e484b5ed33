// Root-mean-square normalisation (Llama 2, arXiv 2307.09288 §2.2): computed in float32, then scaled.
import * as tf from "@tensorflow/tfjs";
import { hasKernel, refuseShapes, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ x: [rows, d], w: [d] }`, attribute `epsilon`, output `[rows, d]`. */
export const RMS_NORM = "StitchbookRmsNorm";
/** Its gradients' kernels: inputs `{ x, w, dy }`, attribute `epsilon`; outputs `dx` like x and `dw` like w. */
export const RMS_NORM_GRAD_X = "StitchbookRmsNormGradX";
export const RMS_NORM_GRAD_W = "StitchbookRmsNormGradW";

/**
 * `w ∘ x / √(mean(x²) + ε)` over the last axis.
 *
 * @param x float32 `[..., d]`
 * @param w float32 `[d]`
 * @returns float32 `[..., d]`
 */
export function rmsNorm(x: tf.Tensor, w: tf.Tensor, epsilon: number): tf.Tensor {
  if (w.rank !== 1 || w.size !== x.shape.at(-1)) refuseShapes("rmsNorm", { x, w }, "w must have x's last size");
  const rows = x.reshape([-1, x.shape.at(-1)!]);
  const y = hasKernel(RMS_NORM)
    ? runKernel<tf.Tensor>(RMS_NORM, { x: rows, w }, { epsilon })
    : rmsNormReference(rows, w, epsilon);
  return y.reshape(x.shape);
}

/** The stock composition. */
export function rmsNormReference(x: tf.Tensor, w: tf.Tensor, epsilon: number): tf.Tensor {
  const meanSquare = tf.mean(tf.square(x), -1, true);
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), w);
}

tf.registerGradient({
  kernelName: RMS_NORM,
  inputsToSave: ["x", "w"],
  gradFunc: (dy, saved, attrs) => {
    const [x, w] = saved as [tf.Tensor, tf.Tensor];
    const inputs = { x, w, dy: dy as tf.Tensor };
    return {
      x: () => runKernel(RMS_NORM_GRAD_X, inputs, attrs),
      w: () => runKernel(RMS_NORM_GRAD_W, inputs, attrs),
    };
  },
});
