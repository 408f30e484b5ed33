// Tensors whose values are read piece by piece, so that they are never in memory twice.
import * as tf from "@tensorflow/tfjs";
import { StitchbookCPU } from "./cpu/mod.ts";

interface Engine {
  makeTensorFromTensorInfo(info: tf.TensorInfo): tf.Tensor;
}

/**
 * A tensor of values that are read piece by piece. No scope disposes it.
 *
 * @param read fills the bytes from byte `begin` on, little-endian; called in order
 * @param unit what the bytes of a piece are a multiple of
 */
export function streamedTensor(
  shape: number[],
  dtype: "float32" | "int32",
  read: (into: Uint8Array<ArrayBuffer>, begin: number) => void,
  unit = 4,
): tf.Tensor {
  const backend = tf.backend();
  if (backend instanceof StitchbookCPU) {
    const info = backend.filled(shape, dtype, read, unit);
    return tf.keep((tf.engine() as unknown as Engine).makeTensorFromTensorInfo(info));
  }
  const bytes = new Uint8Array(4 * tf.util.sizeFromShape(shape));
  read(bytes, 0);
  const values = dtype === "int32" ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return tf.keep(tf.tensor(values, shape, dtype));
}
