// The gradients of one optimizer step: micro-batches and their mean.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { variableGradients } from "../tensor/mod.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/** Mean loss and gradients over the micro-batches of a batch; the caller disposes them. */
export function meanGradients(
  task: TrainTask,
  parameters: tf.Variable[],
  batch: Batch,
  step: number,
): { readonly loss: tf.Tensor; readonly gradients: readonly tf.Tensor[] } {
  const parts = splitBatch(batch, task.config.accumulate);
  return tf.tidy(() => {
    let total: tf.Tensor | undefined;
    let sums: tf.Tensor[] | undefined;
    for (const [part, host] of parts.entries()) {
      const { value, gradients } = lossAndGradients(task, parameters, toDeviceBatch(host), step, part);
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

/** Copies a batch to the device. */
export function toDeviceBatch({ inputs, targets, documents, batch, time }: Batch): DeviceBatch {
  const tensor = (data: Int32Array) => tf.tensor2d(data, [batch, time], "int32");
  return { inputs: tensor(inputs), targets: tensor(targets), documents: tensor(documents) };
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
