// The gated feed-forward's non-linearity: SiLU(gate) ∘ up (arXiv 2002.05202).
import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ gate, up }` of one shape, output of that shape. */
export const SWIGLU = "StitchbookSwiglu";

/** `gate · σ(gate) ∘ up`, element by element; float32 of any one shape. */
export function swiglu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return hasKernel(SWIGLU) ? runKernel(SWIGLU, { gate, up }) : swigluReference(gate, up);
}

/** The stock composition. */
export function swigluReference(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}
