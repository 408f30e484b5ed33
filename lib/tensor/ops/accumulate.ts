// Sums whose first term is no longer needed: the result takes its place, where the backend can do that.
import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "../kernels.ts";

/** Name of the kernel: inputs `{ a, b }`, equal in shape; output `a + b`, written over `a` unless another tensor shares its values. */
export const ACCUMULATE = "StitchbookAccumulate";

/**
 * `sum + part`, equal to the bit to `tf.add()`. Both are disposed, and nothing is taped: a large gradient of several
 * terms takes no third place in memory.
 *
 * @param sum float32
 * @param part float32, of the same shape
 */
export function accumulate<T extends tf.Tensor>(sum: T, part: T): T {
  const total = hasKernel(ACCUMULATE) ? runKernel<T>(ACCUMULATE, { a: sum, b: part }) : tf.add<T>(sum, part);
  sum.dispose();
  part.dispose();
  return total;
}
