// Draws the next token of one text from logits.
import { random } from "../../random.ts";
import type { SamplingSettings, TokenConstraint } from "../types.ts";
import { notFinite } from "./logprobs.ts";
import { type Candidates, keepAtLeast, keepNucleus } from "./nucleus.ts";
import { penalties } from "./penalties.ts";
import { resolveSampling } from "./settings.ts";
import { mostLikely, topTokens } from "./top.ts";

/** Draws the tokens of one text, one after the other. */
export interface Sampler {
  /**
   * The next token, drawn from `logits` (`[vocab]`), which are overwritten. It counts as generated: penalties see it, and
   * a constraint has accepted it.
   */
  next(logits: Float32Array): number;
}

/**
 * A sampler for one text. Logits go through, in the order of transformers: logit bias; the repetition, frequency and
 * presence penalties; the constraint; and, if the temperature is not 0, temperature, top-k, top-p and min-p, each on
 * what the one before it left. Tokens that are as likely as the last of top-k are kept. At temperature 0, the first of the
 * largest logits is taken.
 *
 * A draw depends on the logits, the seed and the number of tokens generated before it, and on nothing else.
 *
 * @param options.vocabSize number of logits
 * @param options.prompt ids of the prompt, for the repetition penalty
 * @throws UserError `generate.sampling` if a setting is unknown or out of range; from `next()`, `generate.not-finite`
 *
 * @example
 * ```ts
 * import { sampler } from "@stitchbook/stitchbook/infer";
 * import assert from "node:assert/strict";
 *
 * const { next } = sampler({ temperature: 0.8, topK: 2, seed: 7 }, { vocabSize: 4, prompt: [0] });
 * assert.ok([1, 3].includes(next(Float32Array.of(0, 2, 1, 2.5))));
 * ```
 */
export function sampler(
  settings: SamplingSettings,
  options: { readonly vocabSize: number; readonly prompt: readonly number[]; readonly constraint?: TokenConstraint },
): Sampler {
  const resolved = resolveSampling(settings, options.vocabSize);
  const { constraint } = options;
  const history = penalties(resolved, options.prompt);
  let position = 0;
  return {
    next(logits) {
      history.apply(logits);
      constraint?.apply(logits);
      const id = resolved.temperature === 0
        ? greedy(logits)
        : draw(logits, resolved, random(resolved.seed, "token", position).float());
      position++;
      history.accept(id);
      constraint?.accept(id);
      return id;
    },
  };
}

function greedy(logits: Float32Array): number {
  const id = mostLikely(logits);
  if (!Number.isFinite(logits[id])) throw notFinite();
  return id;
}

/** Memory that all draws share, since none is interrupted; grows with the vocabulary. */
let scratch: Candidates = { ids: new Int32Array(0), weights: new Float64Array(0), count: 0 };

/**
 * Draws a token by the inverse of the cumulative distribution.
 *
 * @param logits `[vocab]`
 * @param uniform in [0, 1)
 */
export function draw(
  logits: Float32Array,
  settings: Pick<Required<SamplingSettings>, "temperature" | "topK" | "topP" | "minP">,
  uniform: number,
): number {
  const { ids, weights, count } = candidatesOf(logits, settings);
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[i]!;
  let rest = uniform * total;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    last = i;
    rest -= weight;
    if (rest < 0) break;
  }
  return ids[last]!;
}

/**
 * The tokens that the settings leave, with probabilities that are not normalized; valid until the next call.
 *
 * @throws UserError `generate.not-finite`
 */
export function candidatesOf(
  logits: Float32Array,
  { temperature, topK, topP, minP }: Pick<Required<SamplingSettings>, "temperature" | "topK" | "topP" | "minP">,
): Candidates {
  const V = logits.length;
  if (scratch.ids.length < V) scratch = { ids: new Int32Array(V), weights: new Float64Array(V), count: 0 };
  const { ids, weights } = scratch;
  const largest = logits[mostLikely(logits)]!;
  const limit = topK > 0 && topK < V ? logits[topTokens(logits, topK)[topK - 1]!]! : -Infinity;
  let count = 0;
  let total = 0;
  for (let id = 0; id < V; id++) {
    const logit = logits[id]!;
    if (logit < limit) continue;
    const weight = Math.exp((logit - largest) / temperature);
    ids[count] = id;
    weights[count++] = weight;
    total += weight;
  }
  if (!(total > 0)) throw notFinite();
  scratch.count = count;
  if (topP < 1) keepNucleus(scratch, topP, total);
  if (minP > 0) keepAtLeast(scratch, minP); // the most likely token has the weight 1
  return scratch;
}
