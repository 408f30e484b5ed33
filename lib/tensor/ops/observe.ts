// Observing many tensors at once: single values, and the norm of all.
import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "../kernels.ts";

/** Name of the kernel behind {@linkcode gatherPlaces}: inputs `{ x0, x1, … }`, attribute `places: Int32Array[]`. */
export const GATHER_PLACES = "StitchbookGatherPlaces";

/** Name of the kernel behind {@linkcode globalNorm}: inputs `{ x0, x1, … }`; it returns a scalar. */
export const GLOBAL_NORM = "StitchbookGlobalNorm";

/**
 * Single values of float32 tensors, concatenated: `[number of places]`.
 *
 * @param places indices into each tensor's flattened values
 */
export function gatherPlaces(tensors: readonly tf.Tensor[], places: readonly Int32Array[]): tf.Tensor1D {
  if (hasKernel(GATHER_PLACES)) return tf.tidy(() => runKernel<tf.Tensor1D>(GATHER_PLACES, named(tensors), { places }));
  return tf.tidy(() =>
    tf.concat1d(tensors.map((x, i) => tf.gather(x.reshape([-1]), tf.tensor1d(places[i]!, "int32")) as tf.Tensor1D))
  );
}

/** The square root of the sum of all tensors' squares, a float32 scalar. */
export function globalNorm(tensors: readonly tf.Tensor[]): tf.Scalar {
  if (hasKernel(GLOBAL_NORM)) return tf.tidy(() => runKernel<tf.Scalar>(GLOBAL_NORM, named(tensors)));
  return tf.tidy(() =>
    tf.sqrt(tensors.map((x) => tf.sum(tf.square(x))).reduce((a, b) => tf.add(a, b), tf.scalar(0))) as tf.Scalar
  );
}

function named(tensors: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  return Object.fromEntries(tensors.map((x, i) => [`x${i}`, x]));
}
