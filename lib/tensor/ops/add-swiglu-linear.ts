// The end of a gated feed-forward layer: SwiGLU, and a linear map of it that is added to a residual stream. Where the map
// is not trained, what SwiGLU returns is not kept for the gradient.
import * as tf from "@tensorflow/tfjs";
import {
  checkTensors,
  hasKernel,
  inShape,
  refuseShapes,
  registerGradient,
  runKernel,
  sameShape,
  sharedGradients,
} from "../kernels.ts";
import { addLinear } from "./add-linear.ts";
import { isFrozen } from "./half.ts";
import { linearGradients } from "./linear.ts";
import { swiglu } from "./swiglu.ts";

/**
 * Name of the fused kernel: inputs `{ h: [rows, out], gate: [rows, in], up: [rows, in], w: [out, in] }`, output like `h`; or
 * all of these as stacks `[models, …]`.
 */
export const ADD_SWIGLU_LINEAR = "StitchbookAddSwigluLinear";
/** Its gradient's kernel: inputs `{ dy, gate, up, w }`, outputs `[dgate, dup]`. */
export const ADD_SWIGLU_LINEAR_GRAD = "StitchbookAddSwigluLinearGrad";

/**
 * `h + linear(swiglu(gate, up), w)`.
 *
 * @param h float32 `[..., out]`
 * @param gate float32 `[..., in]`
 * @param up float32, like `gate`
 * @param w as {@linkcode addLinear} takes it: `[out, in]`, or a stack `[models, out, in]`, or either frozen
 * @throws UserError `tensor.shape`
 */
export function addSwigluLinear<T extends tf.Tensor>(h: T, gate: tf.Tensor, up: tf.Tensor, w: tf.Tensor): T {
  // The gradient of a variable reads SwiGLU's result, so that it is kept rather than computed again.
  if (isFrozen(w) || w instanceof tf.Variable || !hasKernel(ADD_SWIGLU_LINEAR)) {
    return addLinear(h, swiglu(gate, up), w);
  }
  const given = { h, gate, up, w };
  checkTensors("addSwigluLinear", given);
  if (w.rank !== 2 && w.rank !== 3) refuseShapes("addSwigluLinear", given, "w must have 2 or 3 dimensions");
  const [out, inner] = w.shape.slice(-2) as [number, number];
  const models = w.shape.slice(0, -2);
  const rows = gate.size / inner;
  const fits = sameShape(gate, up) && gate.shape.at(-1) === inner && h.shape.at(-1) === out;
  if (!fits || h.size / out !== rows || rows % (models[0] ?? 1) !== 0) {
    refuseShapes(
      "addSwigluLinear",
      given,
      "gate and up must have the same shape, whose last size is w's columns, that of h w's rows, and as many rows as h",
    );
  }
  const inputs = {
    h: inShape(h, [...models, -1, out]),
    gate: inShape(gate, [...models, -1, inner]),
    up: inShape(up, [...models, -1, inner]),
    w,
  };
  return inShape<T>(runKernel<tf.Tensor>(ADD_SWIGLU_LINEAR, inputs), h.shape);
}

registerGradient(ADD_SWIGLU_LINEAR, ["gate", "up", "w"], (dy, [gate, up, w]) => {
  const gradient = sharedGradients(() => runKernel(ADD_SWIGLU_LINEAR_GRAD, { dy, gate, up, w }));
  return {
    h: () => runKernel("Identity", { x: dy }),
    gate: gradient(0),
    up: gradient(1),
    w: () => linearGradients(dy, swiglu(gate, up), w).w(),
  };
});
