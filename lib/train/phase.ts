// The common part of all training phases.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import { toDeviceBatch, yieldToEvents } from "./step.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/** Options common to all phases. */
export interface PhaseOptions
  extends Pick<TrainTask, "config" | "batchAt" | "onStep" | "onRewind" | "monitor" | "checkpoints" | "signal"> {
  /** Validation batches, the same every time; empty for no validation. */
  readonly validation: readonly Batch[];
}

/** The common part of a task; `validate` computes the mean of `loss` over the validation batches. */
export function phase(options: PhaseOptions, loss: (batch: DeviceBatch) => tf.Scalar) {
  const { validation, ...others } = options;
  return {
    ...others,
    ...(validation.length === 0 ? {} : { validate: () => meanOverBatches(validation, loss, options.signal) }),
  };
}

async function meanOverBatches(
  batches: readonly Batch[],
  loss: (batch: DeviceBatch) => tf.Scalar,
  signal: AbortSignal | undefined,
): Promise<number> {
  let sum = 0;
  for (const batch of batches) {
    const value = interruptible(
      () => signal?.throwIfAborted(),
      () => tf.tidy(() => loss(toDeviceBatch(batch))),
    );
    sum += (await value.data())[0]!;
    value.dispose();
    await yieldToEvents();
  }
  return sum / batches.length;
}
