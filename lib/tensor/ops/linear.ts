// y = x Wᵀ with the weight in Hugging Face layout, [out, in].
import * as tf from "@tensorflow/tfjs";
import { hasKernel, refuseShapes, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ x: [rows, in], w: [out, in] }`, output `[rows, out]`. */
export const LINEAR = "StitchbookLinear";

/**
 * A linear map without bias. A stack of weights maps as many equal runs of rows, each by its own, in one product.
 *
 * @param x float32 `[..., in]`
 * @param w float32 `[out, in]`, or `[models, out, in]` where x's rows are those of model after model
 * @returns float32 `[..., out]`
 * @throws UserError `tensor.shape` when the inner sizes differ, or the rows cannot be shared out among the models
 */
export function linear(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  const [out, inner] = w.shape.slice(-2) as [number, number];
  if ((w.rank !== 2 && w.rank !== 3) || inner !== x.shape.at(-1) || x.size === 0 || w.size === 0) {
    refuseShapes("linear", { x, w }, "the last size of both must be equal, and none may be empty");
  }
  const shape = [...x.shape.slice(0, -1), out];
  if (w.rank === 3) {
    const models = w.shape[0]!;
    if (x.size / inner % models !== 0) refuseShapes("linear", { x, w }, "every model must have as many rows of x");
    return tf.matMul(x.reshape([models, -1, inner]), w, false, true).reshape(shape);
  }
  const rows = x.reshape([-1, inner]);
  const y = hasKernel(LINEAR) ? runKernel<tf.Tensor>(LINEAR, { x: rows, w }) : linearReference(rows, w);
  return y.reshape(shape);
}

/** The stock composition: `x` `[rows, in]`, `w` `[out, in]`. */
export function linearReference(x: tf.Tensor, w: tf.Tensor): tf.Tensor {
  return tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D, false, true);
}

tf.registerGradient({
  kernelName: LINEAR,
  inputsToSave: ["x", "w"],
  gradFunc: (dy, saved) => {
    const [x, w] = saved as [tf.Tensor, tf.Tensor];
    const dy2 = dy as tf.Tensor;
    return {
      x: () => runKernel("BatchMatMul", { a: dy2, b: w }, { transposeA: false, transposeB: false }),
      w: () => runKernel("BatchMatMul", { a: dy2, b: x }, { transposeA: true, transposeB: false }),
    };
  },
});
