// The most likely next tokens of an ensemble, from the logits of its members, off the device.
import * as tf from "@tensorflow/tfjs";
import type { LanguageModel } from "../../model/mod.ts";
import { type BtmOptions, mixtureWeights } from "./posterior.ts";

/** A row of tokens, and its losses under each model. */
export interface ScoredRow {
  readonly tokens: Int32Array;
  /** By model, the negative log-likelihood of each token after the first, in nats. */
  readonly losses: readonly ArrayLike<number>[];
}

/**
 * The most likely token of the mixture Σ_j w_tj p_j at each position of each row, and its probability. Every model reads
 * the rows once more, because the losses of the rows' own tokens do not say which token has the largest mixture.
 *
 * @param rows at least one; shorter ones are padded
 * @returns by row, one id and one probability for each token after the first
 * @throws UserError `merge.btm`, `merge.empty`
 */
export async function mixtureTops(
  models: readonly LanguageModel[],
  rows: readonly ScoredRow[],
  options: BtmOptions = {},
): Promise<{ readonly ids: Int32Array; readonly confidence: Float32Array }[]> {
  const time = Math.max(...rows.map(({ tokens }) => tokens.length)) - 1;
  const inputs = new Int32Array(rows.length * time);
  rows.forEach(({ tokens }, b) => inputs.set(tokens.subarray(0, -1), b * time));
  const logits: Float32Array[] = [];
  for (const model of models) {
    const made = tf.tidy(() => model.logits(tf.tensor2d(inputs, [rows.length, time], "int32")));
    try {
      logits.push(await made.data<"float32">() as Float32Array);
    } finally {
      made.dispose();
    }
  }
  const V = models[0]!.vocabSize;
  return rows.map(({ tokens, losses }, b) => {
    const weights = mixtureWeights(losses, options);
    const ids = new Int32Array(tokens.length - 1), confidence = new Float32Array(tokens.length - 1);
    for (let t = 0; t < ids.length; t++) {
      const from = (b * time + t) * V;
      const members = logits.flatMap((all, j): Member[] => {
        const row = all.subarray(from, from + V);
        // The normalizer follows from the loss of the row's own token: loss = log Σ exp(logits) − logit.
        const shift = weights[t]![j]! - losses[j]![t]! - row[tokens[t + 1]!]!;
        return shift === -Infinity ? [] : [{ logits: row, shift }];
      });
      [ids[t], confidence[t]] = mostLikely(members);
    }
    return { ids, confidence };
  });
}

/** A model's share of the mixture: its weighted probability of class v is exp(logits[v] + shift). */
interface Member {
  readonly logits: Float32Array;
  readonly shift: number;
}

/**
 * The class with the largest sum of weighted probabilities, the first among equals, and that sum.
 *
 * Only a class to which some model gives at least 1/n of a sum that is already reached can have a larger one, so that few
 * exponentials are needed.
 */
function mostLikely(members: readonly Member[]): [number, number] {
  const mixed = (v: number) => members.reduce((sum, { logits, shift }) => sum + Math.exp(logits[v]! + shift), 0);
  let best = 0, largest = mixed(0);
  const consider = (v: number) => {
    const value = mixed(v);
    if (value > largest || (value === largest && v < best)) [best, largest] = [v, value];
  };
  for (const { logits } of members) consider(indexOfMost(logits));
  for (const { logits, shift } of members) {
    const least = Math.log(largest / members.length) - shift - 1e-6;
    for (let v = 0; v < logits.length; v++) if (logits[v]! >= least) consider(v);
  }
  return [best, largest];
}

function indexOfMost(values: Float32Array): number {
  let best = 0;
  for (let v = 1; v < values.length; v++) if (values[v]! > values[best]!) best = v;
  return best;
}
