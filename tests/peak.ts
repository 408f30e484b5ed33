// How many bytes of tensors a computation holds at its worst moment.
import * as tf from "@tensorflow/tfjs";
import { heapBytes } from "../lib/tensor/mod.ts";
import { watchKernels } from "./kernels.ts";

/** Bytes that tensors hold now: the memory's blocks on the CPU backend, tfjs's count on others. */
export function bytesHeld(): number {
  return heapBytes()?.used ?? tf.memory().numBytes;
}

/** The most bytes held after any kernel that `f` runs, beyond those held before. */
export function peakBytes(f: () => void): number {
  const before = bytesHeld();
  let peak = 0;
  watchKernels(f, () => peak = Math.max(peak, bytesHeld() - before));
  return peak;
}
