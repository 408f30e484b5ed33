// How fused operations are found: a backend that has a kernel of the operation's name runs it; on any other, the
// operation is the composition of stock tfjs operations that also serves as the reference in tests.
import * as tf from "@tensorflow/tfjs";

/** Whether the current backend has its own kernel called `name`. */
export function hasKernel(name: string): boolean {
  return tf.getKernel(name, tf.getBackend()) !== undefined;
}

/** Runs the current backend's kernel; its gradient, if registered, is taped by tfjs. */
export function runKernel<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  attrs: Readonly<Record<string, unknown>> = {},
): T {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as T;
}
