// Greedy generation for many prompts.
import * as tf from "@tensorflow/tfjs";
import type { DecodingState, LanguageModel } from "../model/mod.ts";
import { inBatches } from "./batches.ts";
import type { EvaluationOptions } from "./types.ts";

/**
 * Continues each prompt with the most likely token, repeatedly: `maxTokens` ids, or fewer if every prompt of the batch has
 * met `stop` before.
 *
 * Prompts of equal length share a batch, so that there is no padding and the result does not depend on the batch.
 *
 * @param stop whether an answer that ends with this id is complete
 *
 * @example
 * ```ts
 * import { generateGreedily } from "@stitchbook/stitchbook/eval";
 * import { decoder, initialWeights, modelConfigSchema, toDevice } from "@stitchbook/stitchbook/model";
 * import { openDevice } from "@stitchbook/stitchbook/tensor";
 * import assert from "node:assert/strict";
 *
 * await using _device = await openDevice("reference");
 * const config = modelConfigSchema.parse({ vocabSize: 300, width: 16, layers: 1, inner: 32, contextLength: 32 });
 * using weights = toDevice(initialWeights(config, 1));
 * const answers = await generateGreedily(decoder(config, weights), [[0, 5], [0, 7, 9]], 4, () => false);
 * assert.deepEqual(answers.map(({ length }) => length), [4, 4]);
 * ```
 */
export async function generateGreedily(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  maxTokens: number,
  stop: (id: number) => boolean,
  options: EvaluationOptions = {},
): Promise<number[][]> {
  const answers: number[][] = prompts.map(() => []);
  const buckets = new Map<number, number[]>();
  prompts.forEach(({ length }, i) => {
    const bucket = buckets.get(length);
    if (bucket === undefined) buckets.set(length, [i]);
    else bucket.push(i);
  });
  await inBatches([...buckets.values()], options, async (indices) => {
    const states = indices.map(() => model.decodingState());
    try {
      let ids = indices.flatMap((i) => prompts[i]!);
      const finished = indices.map(() => false);
      for (let step = 0; step < maxTokens && finished.includes(false); step++) {
        options.signal?.throwIfAborted();
        ids = await mostLikelyNext(model, ids, states);
        ids.forEach((id, b) => {
          if (finished[b]) return;
          answers[indices[b]!]!.push(id);
          finished[b] = stop(id);
        });
      }
    } finally {
      for (const state of states) state.dispose();
    }
  });
  return answers;
}

/** Extends the states by `ids` (`[rows, time]`, row-major) and returns the most likely next token of each row. */
export async function mostLikelyNext(
  model: LanguageModel,
  ids: readonly number[],
  states: readonly DecodingState[],
): Promise<number[]> {
  const rows = states.length;
  const best = tf.tidy(() => {
    const read = tf.tensor2d(ids.slice(), [rows, ids.length / rows], "int32");
    const logits = model.logits(read, states, { last: true }); // [rows, 1, V]
    return tf.argMax(logits.reshape([rows, model.vocabSize]), -1);
  });
  try {
    return Array.from(await best.data());
  } finally {
    best.dispose();
  }
}
