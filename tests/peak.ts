// How many bytes of tensors a computation holds at its worst moment.
import * as tf from "@tensorflow/tfjs";
import { heapBytes } from "../lib/tensor/mod.ts";

/** Bytes that tensors hold now: the memory's blocks on the CPU backend, tfjs's count on others. */
export function bytesHeld(): number {
  return heapBytes()?.used ?? tf.memory().numBytes;
}

/** The most bytes held after any kernel that `f` runs, beyond those held before. */
export function peakBytes(f: () => void): number {
  const engine = tf.engine();
  const before = bytesHeld();
  let peak = 0;
  const run = engine.runKernel.bind(engine);
  engine.runKernel = ((...call: Parameters<typeof run>) => {
    const result = run(...call);
    peak = Math.max(peak, bytesHeld() - before);
    return result;
  }) as typeof run;
  try {
    f();
  } finally {
    delete (engine as { runKernel?: unknown }).runKernel; // the class's own again
  }
  return peak;
}
