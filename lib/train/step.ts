// The gradients of one optimizer step: micro-batches and their mean.
import * as tf from "@tensorflow/tfjs";
import { type Batch, scoredShare } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { variableGradients } from "../tensor/mod.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/**
 * Mean loss and gradients over the scored tokens of a batch, in micro-batches; the caller disposes them.
 *
 * @param batch has a scored token
 */
export function meanGradients(
  task: TrainTask,
  parameters: tf.Variable[],
  batch: Batch,
  step: number,
): { readonly loss: tf.Tensor; readonly gradients: readonly tf.Tensor[] } {
  const parts = splitBatch(batch, task.config.accumulate);
  const scored = scoredShare(batch);
  return tf.tidy(() => {
    let total: tf.Tensor | undefined;
    let sums: tf.Tensor[] | undefined;
    for (const [part, host] of parts.entries()) {
      const { value, gradients } = lossAndGradients(task, parameters, toDeviceBatch(host, scored), step, part);
      total = total === undefined ? value : tf.add(total, value);
      sums = sums === undefined ? gradients : sums.map((sum, i) => tf.add(sum, gradients[i]!));
    }
    const count = parts.length;
    if (count === 1) return { loss: total!, gradients: sums! };
    return { loss: tf.div(total!, count), gradients: sums!.map((sum) => tf.div(sum, count)) };
  });
}

function lossAndGradients(
  task: TrainTask,
  parameters: tf.Variable[],
  batch: DeviceBatch,
  step: number,
  part: number,
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const prepared = task.prepare?.(batch) ?? [];
  return variableGradients(() => task.loss(batch, prepared, step, part), parameters);
}

/**
 * Copies a batch to the device.
 *
 * @param scored the share of scored tokens; of a micro-batch, that of the whole batch. @default that of the batch
 */
export function toDeviceBatch(host: Batch, scored: number = scoredShare(host)): DeviceBatch {
  const { inputs, targets, documents, batch, time } = host;
  const tensor = (data: Int32Array) => tf.tensor2d(data, [batch, time], "int32");
  return { inputs: tensor(inputs), targets: tensor(targets), documents: tensor(documents), scored };
}

/**
 * Splits the rows of a batch into `parts` equal micro-batches.
 *
 * @throws UserError `train.accumulate` when the batch is not a multiple of `parts`
 */
export function splitBatch(batch: Batch, parts: number): Batch[] {
  if (batch.batch % parts !== 0) {
    throw new UserError(
      "train.accumulate",
      `Cannot split a batch of ${batch.batch} into ${parts} micro-batches: the batch must be a multiple of ${parts}`,
    );
  }
  const rows = batch.batch / parts;
  const size = rows * batch.time;
  return Array.from({ length: parts }, (_, i) => ({
    batch: rows,
    time: batch.time,
    inputs: batch.inputs.subarray(i * size, (i + 1) * size),
    targets: batch.targets.subarray(i * size, (i + 1) * size),
    documents: batch.documents.subarray(i * size, (i + 1) * size),
  }));
}

/** Lets timers, signals and sockets run. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
