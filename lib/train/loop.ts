// The training loop: batches in, one in-place update a step, losses out.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import type { Batch } from "../data/mod.ts";
import type { TrainConfig } from "./config.ts";
import { createOptimizer, type Optimizer } from "./optimizer.ts";
import { learningRate } from "./schedule.ts";

/** A batch on the device, `[batch, time]` each. */
export interface DeviceBatch {
  readonly inputs: tf.Tensor2D;
  readonly targets: tf.Tensor2D;
  readonly documents: tf.Tensor2D;
}

/** What is trained, on what. */
export interface TrainTask {
  readonly config: TrainConfig;
  /** The only tensors that change. */
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  /** Names without weight decay besides the vectors. */
  readonly exempt?: ReadonlySet<string>;
  /** The batch of a step (from 0), of `config.batch` sequences: a pure function. */
  readonly batchAt: (step: number) => Batch;
  /** What needs no graph: computed before the loss, outside the tape. */
  readonly prepare?: (batch: DeviceBatch) => tf.Tensor[];
  /** Mean loss per token of a (micro-)batch, in nats. */
  readonly loss: (batch: DeviceBatch, prepared: readonly tf.Tensor[], step: number, part: number) => tf.Scalar;
  /** Mean validation loss per token, in nats. */
  readonly validate?: () => Promise<number>;
  /** Called after every step. */
  readonly onStep?: (report: StepReport) => void;
  readonly signal?: AbortSignal;
}

/** What one step reports. */
export interface StepReport {
  /** From 1. */
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Training went wrong in a way that more steps do not mend. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}

/** What came out of a phase. */
export interface TrainResult {
  readonly steps: number;
  readonly tokens: number;
  readonly loss: number;
  readonly validation: number | null;
}

/**
 * Trains for `config.steps` steps. Data order and dropout depend on the step only, never on how often one validates.
 *
 * @throws TrainingError when the loss or the gradients' norm is not finite
 * @throws UserError `train.accumulate` when the batch cannot be split evenly
 * @throws the signal's reason when it is aborted
 */
export async function train(task: TrainTask): Promise<TrainResult> {
  const { config, parameters, signal } = task;
  const optimizer = createOptimizer(parameters, config, task.exempt);
  let tokens = 0;
  let loss = NaN;
  let validation: number | null = null;
  try {
    for (let step = 1; step <= config.steps; step++) {
      signal?.throwIfAborted();
      const started = performance.now();
      const batch = task.batchAt(step - 1);
      const rate = learningRate(config, step);
      const outcome = await trainStep(task, optimizer, batch, rate, step);
      loss = outcome.loss;
      tokens += batch.inputs.length;
      // A finite loss with gradients that are not leaves weights that are not numbers.
      if (!Number.isFinite(loss) || !Number.isFinite(outcome.gradientNorm)) {
        throw new TrainingError(
          `The loss is ${loss} at step ${step} (learning rate ${rate}, gradient norm ${outcome.gradientNorm})`,
        );
      }
      const seconds = (performance.now() - started) / 1000;
      const values: Record<string, number> = {
        loss,
        lr: rate,
        gradientNorm: outcome.gradientNorm,
        tokens,
        tokensPerSecond: batch.inputs.length / seconds,
      };
      if (task.validate !== undefined && (step % config.validateEvery === 0 || step === config.steps)) {
        values["validation"] = validation = await task.validate();
      }
      task.onStep?.({ step, values });
      await breathe();
    }
  } finally {
    optimizer.dispose();
  }
  return { steps: config.steps, tokens, loss, validation };
}

async function trainStep(
  task: TrainTask,
  optimizer: Optimizer,
  batch: Batch,
  rate: number,
  step: number,
): Promise<{ loss: number; gradientNorm: number }> {
  const parameters = optimizer.slots.map((slot) => slot.parameter);
  const parts = splitBatch(batch, task.config.accumulate);
  const [loss, norm] = tf.tidy(() => {
    let total: tf.Tensor | undefined;
    let sums: tf.Tensor[] | undefined;
    for (const [part, host] of parts.entries()) {
      const { value, gradients } = lossAndGradients(task, parameters, toDeviceBatch(host), step, part);
      total = total === undefined ? value : tf.add(total, value);
      sums = sums === undefined ? gradients : sums.map((sum, i) => tf.add(sum, gradients[i]!));
    }
    const count = parts.length;
    const means = count === 1 ? sums! : sums!.map((sum) => tf.div(sum, count));
    const gradientNorm = optimizer.update(means, rate, step);
    return [count === 1 ? total! : tf.div(total!, count), gradientNorm];
  }) as [tf.Tensor, tf.Tensor];
  const values = { loss: (await loss.data())[0]!, gradientNorm: (await norm.data())[0]! };
  tf.dispose([loss, norm]);
  return values;
}

function lossAndGradients(
  task: TrainTask,
  parameters: tf.Variable[],
  batch: DeviceBatch,
  step: number,
  part: number,
): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const prepared = task.prepare?.(batch) ?? [];
  const { value, grads } = tf.variableGrads(() => task.loss(batch, prepared, step, part), parameters);
  return { value, gradients: parameters.map((parameter) => grads[parameter.name] ?? tf.zeros(parameter.shape)) };
}

/** Copies a batch onto the device. */
export function toDeviceBatch({ inputs, targets, documents, batch, time }: Batch): DeviceBatch {
  const tensor = (data: Int32Array) => tf.tensor2d(data, [batch, time], "int32");
  return { inputs: tensor(inputs), targets: tensor(targets), documents: tensor(documents) };
}

/**
 * Splits the rows of a batch into `parts` equal micro-batches.
 *
 * @throws UserError `train.accumulate` when it is not a multiple
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

/** Lets timers, signals and sockets have their turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
