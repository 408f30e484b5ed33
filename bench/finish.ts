// Waiting for what a benchmark times.
import * as tf from "@tensorflow/tfjs";
import type { StitchbookCPU } from "../lib/tensor/cpu/mod.ts";

/** Runs the jobs that wait on the CPU backend; kernels on other backends are done when they return, or not to be waited for. */
export function finishJobs(): void {
  (tf.backend() as Partial<StitchbookCPU>).machine?.finish();
}
