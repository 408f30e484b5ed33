// What all phases of training have in common.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import { breathe, toDeviceBatch } from "./step.ts";
import type { DeviceBatch } from "./task.ts";
import type { TrainTask } from "./task.ts";

/** What a phase needs besides its model. */
export interface PhaseOptions
  extends Pick<TrainTask, "config" | "batchAt" | "onStep" | "onRewind" | "monitor" | "checkpoints" | "signal"> {
  /** Validation batches, the same at every interval; none for no validation. */
  readonly validation: readonly Batch[];
}

/** The options of a phase, and the mean of `loss` over its validation batches. */
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
    await breathe();
  }
  return sum / batches.length;
}
