// Runs rows of token ids through a model in batches, without blocking the event loop or leaking tensors.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { type LanguageModel, tokenLosses, tokenPredictions } from "../model/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import type { EvaluationOptions, TopPredictions } from "./types.ts";

/** Tokens of a document, scored from index `from` on. */
export interface Row {
  /** At most one more than the model's context length: the last token is only predicted. */
  readonly tokens: Int32Array;
  /** Index of the first scored token, at least 1. */
  readonly from: number;
  /** For each token whether it counts, if not all from `from` on do. The model is given all of them. */
  readonly scored?: Uint8Array | undefined;
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
  return (await scoreRows(model, rows, options, false)).nll;
}

/**
 * The same as {@linkcode rowLosses}, and the most likely token at each position, from the same forward pass.
 *
 * @param rows scored from their second token on
 * @returns `tops` by row; undefined if losses are known and `options.knownTops` is left out
 */
export async function rowPredictions(
  model: LanguageModel,
  rows: readonly Row[],
  options: EvaluationOptions = {},
): Promise<{ readonly nll: Float64Array; readonly tops: readonly (TopPredictions | undefined)[] }> {
  const { nll, tops, known } = await scoreRows(model, rows, options, true);
  const { knownTops } = options;
  if (knownTops !== undefined && known.length > 0) {
    await inBatches([known], { ...options, onProgress: () => {} }, async (indices) => {
      const found = await knownTops(indices.map((i) => rows[i]!.tokens));
      indices.forEach((index, at) => tops[index] = found[at]);
    });
  }
  return { nll, tops };
}

interface Scores {
  readonly nll: Float64Array;
  readonly tops: (TopPredictions | undefined)[];
  /** Indices of the rows whose losses were known. */
  readonly known: readonly number[];
}

async function scoreRows(
  model: LanguageModel,
  rows: readonly Row[],
  options: EvaluationOptions,
  withTops: boolean,
): Promise<Scores> {
  const nll = new Float64Array(rows.length);
  const tops: (TopPredictions | undefined)[] = rows.map(() => undefined);
  const [known, unknown]: [number[], number[]] = [[], []];
  rows.forEach((row, i) => {
    const losses = options.knownLosses?.(row.tokens, row.from);
    if (losses !== undefined) nll[i] = sumScored(losses, row);
    (losses === undefined ? unknown : known).push(i);
  });
  const byLength = unknown.sort((a, b) => rows[a]!.tokens.length - rows[b]!.tokens.length || a - b);
  await inBatches(byLength.length === 0 ? [] : [byLength], options, async (indices) => {
    const time = Math.max(...indices.map((i) => rows[i]!.tokens.length)) - 1;
    // `onRow` gets the losses of all tokens, scored or not.
    const scored = indices.map((i) => options.onRow === undefined ? rows[i]! : { ...rows[i]!, from: 1 });
    const { inputs, targets } = paddedBatch(scored, time);
    const shape: [number, number] = [indices.length, time];
    const made = interruptible(
      () => options.signal?.throwIfAborted(),
      () =>
        tf.tidy(() => {
          const [ids, next] = [tf.tensor2d(inputs, shape, "int32"), tf.tensor2d(targets, shape, "int32")];
          return withTops ? tokenPredictions(model, ids, next) : { losses: tokenLosses(model, ids, next) };
        }),
    );
    try {
      const losses = await made.losses.data<"float32">();
      const ids = "top" in made ? await made.top.data<"int32">() : undefined;
      const topLosses = "top" in made ? await made.topLosses.data<"float32">() : undefined;
      indices.forEach((index, b) => {
        const { tokens } = rows[index]!;
        const [start, end] = [b * time, b * time + tokens.length - 1];
        const row = losses.subarray(start, end);
        nll[index] = sumScored(row, rows[index]!);
        tops[index] = ids && topLosses && {
          ids: ids.slice(start, end),
          confidence: topLosses.slice(start, end).map((loss) => Math.exp(-loss)),
        };
        options.onRow?.(tokens, row.slice(), tops[index]);
      });
    } finally {
      tf.dispose(made);
    }
  });
  return { nll, tops, known };
}

/** The sum of the losses of a row's scored tokens in float64. @param losses of the tokens after the first */
function sumScored(losses: ArrayLike<number>, { tokens, from, scored }: Row): number {
  let sum = 0;
  for (let t = from - 1; t < tokens.length - 1; t++) if (scored?.[t + 1] !== 0) sum += losses[t]!;
  if (!Number.isFinite(sum)) throw notFinite(sum);
  return sum;
}

/**
 * Inputs and targets, row-major `[rows, time]`. A row shorter than `time + 1` keeps its last token as an input, so that
 * every scored target is also the next input, if there is one: ensembles update their posterior from it.
 */
function paddedBatch(rows: readonly Row[], time: number): { inputs: Int32Array; targets: Int32Array } {
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
