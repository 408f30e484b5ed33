// The Branch-Train-Merge ensemble: next-token probabilities weighted by the posterior of each model given the prefix
// (arXiv 2208.03306 §2.2).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { crossEntropy } from "../../tensor/mod.ts";
import { type DecodingState, type LanguageModel, type LogitsOptions, tokenLosses, wanted } from "../../model/mod.ts";
import { type BtmOptions, type Weighing, weighingOf } from "./posterior.ts";

/** The ensemble's decoding state: each model's own, the evidence so far, and the predictions of the next token. */
class EnsembleState implements DecodingState {
  readonly canRewind = false;
  readonly states: readonly DecodingState[];
  /** Evidence summed over the whole prefix: at the last token, or at as many last tokens as the history has, `[1, ≤ history, models]`. */
  evidence: tf.Tensor3D | undefined;
  /** `log p_j` of the next token, `[1, models, vocab]`. */
  next: tf.Tensor3D | undefined;
  /** Models that are switched off. */
  readonly without: readonly number[];
  readonly #vocabSize: number;

  constructor(states: readonly DecodingState[], vocabSize: number, without: readonly number[]) {
    this.states = states;
    this.without = without;
    this.#vocabSize = vocabSize;
  }

  get length(): number {
    return this.states[0]!.length;
  }

  bytes(length = this.length): number {
    return this.states.reduce((sum, state) => sum + state.bytes(length), 4 * this.states.length * this.#vocabSize);
  }

  /** Only as it is: how likely the models found earlier tokens is not kept. */
  fork(length: number): EnsembleState | undefined {
    if (length !== this.length) return undefined;
    const states = this.states.map((state) => state.fork(length));
    const forked = states.filter((state) => state !== undefined);
    if (forked.length < states.length) return void forked.forEach((state) => state.dispose());
    const fork = new EnsembleState(forked, this.#vocabSize, this.without);
    if (this.next !== undefined) fork.replace(tf.clone(this.evidence!), tf.clone(this.next));
    return fork;
  }

  replace(evidence: tf.Tensor3D, next: tf.Tensor3D): void {
    this.evidence?.dispose();
    this.next?.dispose();
    this.evidence = tf.keep(evidence);
    this.next = tf.keep(next);
  }

  dispose(): void {
    for (const state of this.states) state.dispose();
    this.evidence?.dispose();
    this.next?.dispose();
    this.evidence = this.next = undefined;
  }
}

/**
 * An ensemble of models with one vocabulary. At position t the weight of model j is
 * `w_tj = softmax_j(log prior_j + Σ_{s ≤ t} log p_j(x_s | x_{<s}))`, and the mixture is `Σ_j w_tj p_j`.
 *
 * With the defaults the mixture's negative log-likelihood of a sequence is at most `min_j NLL_j + log n`; with a prior,
 * at most `min_j (NLL_j − log prior_j)`.
 *
 * @throws UserError `merge.vocab` when vocabularies differ, `merge.btm` for an option out of range
 */
export function btmEnsemble(models: readonly LanguageModel[], options: BtmOptions = {}): LanguageModel {
  const vocabSize = models[0]?.vocabSize;
  if (vocabSize === undefined) {
    throw new UserError("merge.empty", "Cannot make an ensemble of no models", "give at least one");
  }
  if (models.some((model) => model.vocabSize !== vocabSize)) {
    throw new UserError(
      "merge.vocab",
      "Cannot mix models with different vocabularies",
      "give models with one tokenizer",
    );
  }
  const weighing = weighingOf(options, models.length);
  const contextLength = Math.min(...models.map((model) => model.contextLength));
  return {
    vocabSize,
    contextLength,
    decodingState: (without = []) =>
      new EnsembleState(models.map((model) => model.decodingState()), vocabSize, without),
    logits: (ids, states, { last, lengths, gates } = {}) => {
      for (const length of states?.map((state) => state.length) ?? [0]) {
        checkLength(ids.shape[1] + length, contextLength);
      }
      return tf.tidy(() => {
        const own = states as readonly EnsembleState[] | undefined;
        return wanted(mixtureLogits(models, weighing, ids, own, { lengths, gates }), last, lengths);
      });
    },
    promptAtOnce: models.some((model) => model.promptAtOnce === true),
    gates: [{ title: "posterior", models: models.map((_, j) => j), shares: true }],
    switchable: models.map((_, j) => j),
    losses: (ids, targets) => tf.tidy(() => mixtureLosses(models, weighing, ids, targets)),
  };
}

/**
 * Checks the length before any model reads: a model that has read tokens that another refuses would stay out of step.
 *
 * @throws UserError `model.context`
 */
export function checkLength(tokens: number, contextLength: number): void {
  if (tokens <= contextLength) return;
  throw new UserError(
    "model.context",
    `Cannot read ${tokens} tokens: the shortest context length of the ensemble's models is ${contextLength}`,
    `give at most ${contextLength} tokens`,
  );
}

function mixtureLogits(
  models: readonly LanguageModel[],
  weighing: Weighing,
  ids: tf.Tensor2D,
  states?: readonly EnsembleState[],
  { lengths, gates }: Pick<LogitsOptions, "lengths" | "gates"> = {},
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const n = models.length;
  const logProbs = tf.stack(
    models.map((model, j) => tf.logSoftmax(model.logits(ids, states?.map((state) => state.states[j]!), { lengths }))),
    2,
  ) as tf.Tensor4D; // [B, T, n, V]
  const V = logProbs.shape[3];
  // Each model's prediction of every token of `ids` comes from the position before it; for the first token, from the
  // state. Without a state the first token is no evidence: zeros treat all models alike.
  const none = tf.zeros([1, n, V]);
  const before = states === undefined
    ? tf.zeros([B, 1, n, V])
    : tf.concat(states.map(({ next }) => next ?? none), 0).reshape([B, 1, n, V]);
  const predicted = T === 1 ? before : tf.concat([before, tf.slice(logProbs, [0, 0, 0, 0], [B, T - 1, n, V])], 1);
  const observed = logProbsOf(predicted as tf.Tensor4D, ids); // [B, T, n]
  const evidence = states === undefined ? gather(observed, weighing.history).evidence : tf.concat(
    states.map((state, b) => {
      const length = lengths?.[b] ?? T;
      const row = tf.slice(observed, [b, 0, 0], [1, length, n]);
      const { evidence, kept } = gather(row, weighing.history, state.evidence);
      state.replace(kept, tf.slice(logProbs, [b, length - 1, 0, 0], [1, 1, n, V]).reshape([1, n, V]));
      return length === T ? evidence : tf.pad(evidence, [[0, 0], [0, T - length], [0, 0]]);
    }),
    0,
  );
  const logWeights = weigh(withoutOff(evidence, states), weighing);
  gates?.(0, tf.exp(logWeights).reshape([B * T, n]));
  return tf.logSumExp(tf.add(logProbs, logWeights.reshape([B, T, n, 1])), 2) as tf.Tensor3D;
}

/** `logProbs[b, t, j, ids[b, t]]`, `[B, T, n]`; the same number for every model where a whole row is 0. */
function logProbsOf(logProbs: tf.Tensor4D, ids: tf.Tensor2D): tf.Tensor3D {
  const [B, T, n, V] = logProbs.shape;
  const wanted = tf.tile(ids.reshape([B, T, 1]), [1, 1, n]).reshape([-1]) as tf.Tensor1D;
  // Log-probabilities are logits whose logsumexp is 0. (Indices into the flat table would fail: tfjs multiplies int32 by
  // a plain number in float32, which cannot represent odd numbers above 2^24.)
  return tf.neg(crossEntropy(logProbs.reshape([-1, V]) as tf.Tensor2D, wanted)).reshape([B, T, n]);
}

/**
 * Sums log-likelihoods over each position's history, including the position itself.
 *
 * @param observed log-likelihood of each token under each model, `[B, T, n]`
 * @param earlier what an earlier call kept
 * @returns `evidence`, shaped like `observed`, and what the next call needs: the same numbers as in one call
 */
function gather(
  observed: tf.Tensor3D,
  history: number,
  earlier?: tf.Tensor3D,
): { evidence: tf.Tensor3D; kept: tf.Tensor3D } {
  const [B, T, n] = observed.shape;
  // Only differences between models matter. Centered on their mean, they stay small over long texts.
  const centered = tf.sub(observed, tf.mean(observed, 2, true)) as tf.Tensor3D;
  const past = earlier?.shape[1] ?? 0;
  const before = past === 0 ? [] : [tf.slice(earlier!, [0, past - 1, 0], [B, 1, n])];
  const summed = tf.cumsum(tf.concat([...before, centered], 1), 1) as tf.Tensor3D;
  const newest = tf.slice(summed, [0, before.length, 0], [B, T, n]) as tf.Tensor3D; // over the whole prefix
  if (history === Infinity) return { evidence: newest, kept: tf.slice(newest, [0, T - 1, 0], [B, 1, n]) };
  const all = past === 0 ? newest : tf.concat([earlier!, newest], 1);
  const length = past + T;
  const kept = tf.slice(all, [0, Math.max(0, length - history), 0], [B, Math.min(history, length), n]);
  // The sum over the last `history` tokens is the sum over all tokens minus the sum over those before.
  const older = tf.concat([tf.zeros([B, history, n]), all], 1);
  return { evidence: tf.sub(newest, tf.slice(older, [0, past, 0], [B, T, n])), kept };
}

/** The evidence, hopeless for models that are switched off. */
function withoutOff(evidence: tf.Tensor3D, states: readonly EnsembleState[] | undefined): tf.Tensor3D {
  if (states === undefined || states.every(({ without }) => without.length === 0)) return evidence;
  const n = evidence.shape[2];
  const off = states.map(({ without }) => [Array.from({ length: n }, (_, j) => without.includes(j) ? -EXCLUDED : 0)]);
  return tf.add(evidence, tf.tensor3d(off, [states.length, 1, n]));
}

/** `log w`, `[B, T, n]`; a large negative number for models that are left out. */
function weigh(evidence: tf.Tensor3D, { topK, temperature, logPrior }: Weighing): tf.Tensor3D {
  const n = logPrior.length;
  const scores = tf.div(tf.add(evidence, tf.tensor1d([...logPrior])), temperature);
  if (topK === n) return tf.logSoftmax(scores) as tf.Tensor3D;
  const { indices } = tf.topk(scores, topK); // among equals the first
  const included = tf.sum(tf.oneHot(indices, n, 1, 0, "float32"), -2); // [B, T, n]
  return tf.logSoftmax(tf.add(scores, tf.mul(tf.sub(included, 1), EXCLUDED))) as tf.Tensor3D;
}

/** Subtracted from the scores of models that are left out. */
const EXCLUDED = 1e9;

/** Losses of the target tokens only, as from {@linkcode mixtureLogits} but without a `[B, T, n, V]` tensor. */
function mixtureLosses(
  models: readonly LanguageModel[],
  weighing: Weighing,
  ids: tf.Tensor2D,
  targets: tf.Tensor2D,
): tf.Tensor2D {
  const [B, T] = ids.shape;
  const n = models.length;
  // Tokens that are not scored are still evidence.
  const next = T === 1
    ? targets
    : tf.concat([tf.slice(ids, [0, 1], [B, T - 1]), tf.slice(targets, [0, T - 1], [B, 1])], 1);
  const logLikelihood = tf.neg(
    tf.stack(models.map((model) => tokenLosses(model, ids, next as tf.Tensor2D)), 2),
  ) as tf.Tensor3D; // [B, T, n]
  const none = tf.zeros([B, 1, n]);
  const observed = T === 1
    ? none
    : tf.concat([none, tf.slice(logLikelihood, [0, 0, 0], [B, T - 1, n])], 1) as tf.Tensor3D;
  const { evidence } = gather(observed as tf.Tensor3D, weighing.history);
  const mixed = tf.logSumExp(tf.add(logLikelihood, weigh(evidence, weighing)), 2); // [B, T]
  return tf.mul(tf.neg(mixed), tf.cast(tf.greaterEqual(targets, 0), "float32")) as tf.Tensor2D;
}
