// The common part of all training phases.
import type * as tf from "@tensorflow/tfjs";
import type { DeviceBatch, TrainTask } from "./task.ts";
import { validate, type ValidationBatch } from "./validation.ts";

/** Options common to all phases. */
export interface PhaseOptions
  extends Pick<TrainTask, "config" | "batchAt" | "onStep" | "onRewind" | "monitor" | "checkpoints" | "signal"> {
  /** Validation batches, the same every time; empty for no validation. */
  readonly validation: readonly ValidationBatch[];
}

/** What {@linkcode phase} makes of the options. */
export type PhaseTask = Omit<PhaseOptions, "validation"> & Pick<TrainTask, "validate">;

/** The common part of a task; `validate` computes the mean of `loss` over the validation batches. */
export function phase(options: PhaseOptions, loss: (batch: DeviceBatch) => tf.Scalar): PhaseTask {
  const { validation, ...others } = options;
  return {
    ...others,
    ...(validation.length === 0 ? {} : { validate: () => validate(validation, loss, options.signal) }),
  };
}
