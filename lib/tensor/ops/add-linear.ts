// A linear map added to a residual stream: the product accumulates onto a copy of the stream, so no separate sum follows.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, inShape, isTaping, refuseShapes, registerGradient, runKernel } from "../kernels.ts";
import { isFrozen, weightShape } from "./half.ts";
import { linear, linearGradients } from "./linear.ts";
import { ADD_LINEAR_PACKED, isPacked } from "./packed.ts";

/**
 * Name of the fused kernel: inputs `{ h: [rows, out], x: [rows, in], w: [out, in] }`, output like `h`; or all of these as
 * stacks `[models, …]`.
 */
export const ADD_LINEAR = "StitchbookAddLinear";

/**
 * `h + linear(x, w)`.
 *
 * @param h float32 `[..., out]`
 * @param x float32 `[..., in]`
 * @param w as {@linkcode linear} takes it: `[out, in]`, or a stack `[models, out, in]`, or either frozen
 * @throws UserError `tensor.shape`
 */
export function addLinear<T extends tf.Tensor>(h: T, x: tf.Tensor, w: tf.Tensor): T {
  checkTensors("addLinear", { h, x, w }, { w: isFrozen(w) ? "int32" : "float32" });
  if (w.rank !== 2 && w.rank !== 3) refuseShapes("addLinear", { h, x, w }, "w must have 2 or 3 dimensions");
  const [out, inner] = weightShape(w).slice(-2) as [number, number];
  const models = weightShape(w).slice(0, -2);
  const rows = x.size / inner;
  if (x.shape.at(-1) !== inner || h.shape.at(-1) !== out || h.size / out !== rows || rows % (models[0] ?? 1) !== 0) {
    refuseShapes(
      "addLinear",
      { h, x, w },
      "the last size of h must be w's rows, that of x w's columns, and h and x must have equally many rows",
    );
  }
  const kernel = isPacked(w) && !isTaping() ? ADD_LINEAR_PACKED : ADD_LINEAR;
  if ((isFrozen(w) && kernel === ADD_LINEAR) || !hasKernel(kernel)) {
    const y = linear(x, w);
    return inShape<T>(tf.add(inShape(h, y.shape), y), h.shape);
  }
  const inputs = { h: inShape(h, [...models, -1, out]), x: inShape(x, [...models, -1, inner]), w };
  return inShape<T>(runKernel<tf.Tensor>(kernel, inputs), h.shape);
}

registerGradient(
  ADD_LINEAR,
  ["x", "w"],
  (dy, [x, w]) => ({ h: () => runKernel("Identity", { x: dy }), ...linearGradients(dy, x, w) }),
);
