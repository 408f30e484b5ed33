// A linear map added to a residual stream: the product adds to a copy of the stream, and no sum comes after it.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, refuseShapes, runKernel } from "../kernels.ts";
import { isHalf } from "./half.ts";
import { linear } from "./linear.ts";

/** Name of the fused kernel: inputs `{ h: [rows, out], x: [rows, in], w: [out, in] }`, output like h. */
export const ADD_LINEAR = "StitchbookAddLinear";

/**
 * `h + linear(x, w)`.
 *
 * @param h float32 `[..., out]`
 * @param x float32 `[..., in]`
 * @param w float32 `[out, in]`
 * @throws UserError `tensor.shape`
 */
export function addLinear<T extends tf.Tensor>(h: T, x: tf.Tensor, w: tf.Tensor): T {
  checkTensors("addLinear", { h, x, w }, { w: isHalf(w) ? "int32" : "float32" });
  if (w.rank !== 2 || w.dtype !== "float32" || !hasKernel(ADD_LINEAR)) return tf.add(h, linear(x, w));
  const [out, inner] = w.shape as [number, number];
  if (x.shape.at(-1) !== inner || h.shape.at(-1) !== out || h.size / out !== x.size / inner || h.size === 0) {
    refuseShapes("addLinear", { h, x, w }, "h must have w's rows, x its columns, and both as many rows");
  }
  const inputs = { h: h.reshape([-1, out]), x: x.reshape([-1, inner]), w };
  return runKernel<tf.Tensor>(ADD_LINEAR, inputs).reshape(h.shape) as T;
}

tf.registerGradient({
  kernelName: ADD_LINEAR,
  inputsToSave: ["x", "w"],
  gradFunc: (dy, saved) => {
    const [x, w] = saved as [tf.Tensor, tf.Tensor];
    const dy2 = dy as tf.Tensor;
    return {
      h: () => tf.clone(dy2),
      x: () => runKernel("BatchMatMul", { a: dy2, b: w }, { transposeA: false, transposeB: false }),
      w: () => runKernel("BatchMatMul", { a: dy2, b: x }, { transposeA: true, transposeB: false }),
    };
  },
});
