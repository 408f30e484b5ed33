// Runs rows of token ids through a model in batches, without blocking the event loop or leaking tensors.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { type LanguageModel, tokenLosses } from "../model/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import type { EvaluationOptions } from "./types.ts";

/** Tokens of a document, scored from index `from` on. */
export interface Row {
  /** At most one more than the model's context length: the last token is only predicted. */
  readonly tokens: Int32Array;
  /** Index of the first scored token, at least 1. */
  readonly from: number;
}

const DEFAULT_BATCH = 8;

/** Calls `run` on at most `batch` indices of a group at a time and yields to the event loop after each call. */
export async function inBatches(
  groups: readonly (readonly number[])[],
  { batch = DEFAULT_BATCH, signal, onProgress }: EvaluationOptions,
  run: (indices: readonly number[]) => Promise<void>,
): Promise<void> {
  const total = groups.reduce((sum, group) => sum + group.length, 0);
  let done = 0;
  for (const group of groups) {
    for (let at = 0; at < group.length; at += batch) {
      signal?.throwIfAborted();
      const indices = group.slice(at, at + batch);
      await run(indices);
      onProgress?.(done += indices.length, total);
      // A macrotask, so that signals, timers and servers get their turn.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  signal?.throwIfAborted();
}

/**
 * The negative log-likelihood of each row's scored tokens, in nats.
 *
 * Rows of similar length share a batch; shorter ones are padded on the right, which is harmless because the model is
 * causal. Each row is summed in float64, so that the result depends on the batch only through the model's own rounding.
 *
 * @throws UserError `eval.not-finite` if a row's likelihood is not a number, as after diverged training
 */
export async function rowLosses(
  model: LanguageModel,
  rows: readonly Row[],
  options: EvaluationOptions = {},
): Promise<Float64Array> {
  const sums = new Float64Array(rows.length);
  const unknown = rows.map((_, i) => i).filter((i) => {
    const { tokens, from } = rows[i]!;
    const losses = options.knownLosses?.(tokens, from);
    if (losses !== undefined) sums[i] = sumFrom(losses, from - 1, tokens.length - 1);
    return losses === undefined;
  });
  const byLength = unknown.sort((a, b) => rows[a]!.tokens.length - rows[b]!.tokens.length || a - b);
  await inBatches(byLength.length === 0 ? [] : [byLength], options, async (indices) => {
    const time = Math.max(...indices.map((i) => rows[i]!.tokens.length)) - 1;
    // `onRow` gets the losses of all tokens, scored or not.
    const scored = indices.map((i) => options.onRow === undefined ? rows[i]! : { ...rows[i]!, from: 1 });
    const { inputs, targets } = paddedBatch(scored, time);
    const shape: [number, number] = [indices.length, time];
    const losses = interruptible(
      () => options.signal?.throwIfAborted(),
      () =>
        tf.tidy(() => tokenLosses(model, tf.tensor2d(inputs, shape, "int32"), tf.tensor2d(targets, shape, "int32"))),
    );
    try {
      const values = await losses.data<"float32">();
      indices.forEach((index, b) => {
        const { tokens, from } = rows[index]!;
        const row = values.subarray(b * time, b * time + tokens.length - 1);
        sums[index] = sumFrom(row, from - 1, row.length);
        options.onRow?.(tokens, row.slice());
      });
    } finally {
      losses.dispose();
    }
  });
  return sums;
}

/** The sum of `losses[from…to − 1]` in float64. */
function sumFrom(losses: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let t = from; t < to; t++) sum += losses[t]!;
  if (!Number.isFinite(sum)) throw notFinite(sum);
  return sum;
}

/**
 * Inputs and targets, row-major `[rows, time]`. A row shorter than `time + 1` keeps its last token as an input, so that
 * every scored target is also the next input, if there is one: ensembles update their posterior from it.
 */
export function paddedBatch(rows: readonly Row[], time: number): { inputs: Int32Array; targets: Int32Array } {
  const inputs = new Int32Array(rows.length * time);
  const targets = new Int32Array(rows.length * time).fill(-1);
  rows.forEach(({ tokens, from }, b) => {
    inputs.set(tokens.subarray(0, time), b * time);
    targets.set(tokens.subarray(from), b * time + from - 1);
  });
  return { inputs, targets };
}

function notFinite(sum: number): UserError {
  return new UserError(
    "eval.not-finite",
    `Cannot score the model: the negative log-likelihood of a text is ${sum}`,
    "Training diverged: lower the learning rate, or clip gradients to a smaller norm",
  );
}
