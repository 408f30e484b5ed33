// Reading a tensor in the middle of a computation, where the backend can.
import * as tf from "@tensorflow/tfjs";

/** Values that are there without waiting; undefined on a backend that only reads asynchronously. */
export function readNow(tensor: tf.Tensor): Int32Array | undefined {
  return tf.getBackend() === "webgpu" ? undefined : tensor.dataSync<"int32">();
}
