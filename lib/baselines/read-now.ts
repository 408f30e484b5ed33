// Reading a tensor synchronously, on backends that can.
import * as tf from "@tensorflow/tfjs";

/** The values of an int32 tensor; undefined on WebGPU, which only reads asynchronously. */
export function readNow(tensor: tf.Tensor): Int32Array | undefined {
  return tf.getBackend() === "webgpu" ? undefined : tensor.dataSync<"int32">();
}
