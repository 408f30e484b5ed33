// The nonlinearity of the gated feed-forward layer: SiLU(gate) ∘ up (arXiv 2002.05202).
import * as tf from "@tensorflow/tfjs";
import {
  checkTensors,
  hasKernel,
  refuseShapes,
  registerGradient,
  runKernel,
  sameShape,
  sharedGradients,
} from "../kernels.ts";

/** Name of the fused kernel: inputs `{ gate, up }` of the same shape, output of that shape. */
export const SWIGLU = "StitchbookSwiglu";
/** Its gradient's kernel: inputs `{ gate, up, dy }`, outputs `[dgate, dup]`. */
export const SWIGLU_GRAD = "StitchbookSwigluGrad";

/** `gate · σ(gate) ∘ up`, element by element; float32, both of the same shape. */
export function swiglu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  checkTensors("swiglu", { gate, up });
  if (!sameShape(gate, up)) refuseShapes("swiglu", { gate, up }, "both must have the same shape");
  return hasKernel(SWIGLU) ? runKernel(SWIGLU, { gate, up }) : swigluReference(gate, up);
}

/** The stock composition. */
export function swigluReference(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}

registerGradient(SWIGLU, ["gate", "up"], (dy, [gate, up]) => {
  const gradient = sharedGradients(() => runKernel(SWIGLU_GRAD, { gate, up, dy }));
  return { gate: gradient(0), up: gradient(1) };
});
