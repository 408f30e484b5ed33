// Root-mean-square normalization (Llama 2, arXiv 2307.09288 §2.2): computed in float32, then scaled.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, refuseShapes, registerGradient, runKernel } from "../kernels.ts";

/**
 * Name of the fused kernel: inputs `{ x: [..., d], w }`, attribute `epsilon`, output like x; `w` is `[d]`, or `[models, d]`
 * where x's rows are equal runs, ordered by model.
 */
export const RMS_NORM = "StitchbookRmsNorm";
/** Its gradients' kernels: inputs `{ x, w, dy }`, attribute `epsilon`; outputs `dx` like x and `dw` like w. */
export const RMS_NORM_GRAD_X = "StitchbookRmsNormGradX";
export const RMS_NORM_GRAD_W = "StitchbookRmsNormGradW";

/**
 * `w ∘ x / √(mean(x²) + ε)` over the last axis.
 *
 * @param x float32 `[..., d]`
 * @param w float32 `[d]`, or `[models, d]` where x's rows are ordered by model
 * @returns float32 `[..., d]`
 * @throws UserError `tensor.shape`
 */
export function rmsNorm(x: tf.Tensor, w: tf.Tensor, epsilon: number): tf.Tensor {
  checkTensors("rmsNorm", { x, w });
  const d = x.shape.at(-1);
  if ((w.rank !== 1 && w.rank !== 2) || w.shape.at(-1) !== d) {
    refuseShapes("rmsNorm", { x, w }, "w's last size must be x's");
  }
  if (w.rank === 2) return stackedNorm(x, w as tf.Tensor2D, epsilon);
  return hasKernel(RMS_NORM) ? runKernel(RMS_NORM, { x, w }, { epsilon }) : rmsNormReference(x, w, epsilon);
}

function stackedNorm(x: tf.Tensor, w: tf.Tensor2D, epsilon: number): tf.Tensor {
  const [models, d] = w.shape;
  if (x.size / d % models !== 0) refuseShapes("rmsNorm", { x, w }, "x's rows must be a multiple of the models");
  if (hasKernel(RMS_NORM)) return runKernel(RMS_NORM, { x, w }, { epsilon });
  const normed = rmsNorm(x, tf.ones([d]), epsilon).reshape([models, -1, d]);
  return tf.mul(normed, w.reshape([models, 1, d])).reshape(x.shape);
}

/** The stock composition. */
export function rmsNormReference(x: tf.Tensor, w: tf.Tensor, epsilon: number): tf.Tensor {
  const meanSquare = tf.mean(tf.square(x), -1, true);
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, epsilon))), w);
}

registerGradient(RMS_NORM, ["x", "w"], (dy, [x, w], attrs) => ({
  x: () => runKernel(RMS_NORM_GRAD_X, { x, w, dy }, attrs),
  w: () => runKernel(RMS_NORM_GRAD_W, { x, w, dy }, attrs),
}));
