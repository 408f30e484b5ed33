// Branch-Train-Merge's ensemble: next-token probabilities weighted by the Bayes posterior of each model given the
// prefix (arXiv 2208.03306 §2.2).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { crossEntropy } from "../../tensor/mod.ts";
import { type DecodingState, type LanguageModel, tokenLosses } from "../../model/mod.ts";
import { type BtmOptions, type Weighing, weighingOf } from "./posterior.ts";

/** What the ensemble remembers: each model's own state, the evidence so far, and what was said of the next token. */
class EnsembleState implements DecodingState {
  readonly states: readonly DecodingState[];
  /** Of the whole prefix its sum, or of the latest tokens one by one, `[batch, 1 or fewer than history, models]`. */
  evidence: tf.Tensor3D | undefined;
  /** `log p_j` of the next token, `[batch, models, vocab]`. */
  next: tf.Tensor3D | undefined;

  constructor(states: readonly DecodingState[]) {
    this.states = states;
  }

  get length(): number {
    return this.states[0]!.length;
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
 * The ensemble of models of one vocabulary. At position t model j weighs
 * `w_tj = softmax_j(log prior_j + Σ_{s ≤ t} log p_j(x_s | x_{<s}))`, and the mixture is `Σ_j w_tj p_j`.
 *
 * With the defaults the mixture's negative log-likelihood of a sequence is at most `min_j NLL_j + log n`; with a prior,
 * at most `min_j (NLL_j − log prior_j)`.
 *
 * @throws UserError `merge.vocab` when vocabularies differ, `merge.btm` for an option out of its range
 */
export function btmEnsemble(models: readonly LanguageModel[], options: BtmOptions = {}): LanguageModel {
  const vocabSize = models[0]?.vocabSize;
  if (vocabSize === undefined) throw new UserError("merge.empty", "Cannot make an ensemble of no models");
  if (models.some((model) => model.vocabSize !== vocabSize)) {
    throw new UserError("merge.vocab", "Cannot mix models of different vocabularies: they must share one tokenizer");
  }
  const weighing = weighingOf(options, models.length);
  const contextLength = Math.min(...models.map((model) => model.contextLength));
  return {
    vocabSize,
    contextLength,
    decodingState: () => new EnsembleState(models.map((model) => model.decodingState())),
    logits: (ids, state) => {
      checkLength(ids.shape[1] + (state?.length ?? 0), contextLength);
      return tf.tidy(() => mixtureLogits(models, weighing, ids, state as EnsembleState | undefined));
    },
    losses: (ids, targets) => tf.tidy(() => mixtureLosses(models, weighing, ids, targets)),
  };
}

/** Before any model reads: one that has read what another refuses would be out of step for good. */
export function checkLength(tokens: number, contextLength: number): void {
  if (tokens <= contextLength) return;
  throw new UserError(
    "model.context",
    `Cannot read ${tokens} tokens: the shortest context length of the ensemble's models is ${contextLength}`,
  );
}

function mixtureLogits(
  models: readonly LanguageModel[],
  weighing: Weighing,
  ids: tf.Tensor2D,
  state?: EnsembleState,
): tf.Tensor3D {
  const [B, T] = ids.shape;
  const n = models.length;
  const logProbs = tf.stack(
    models.map((model, j) => tf.logSoftmax(model.logits(ids, state?.states[j]))),
    2,
  ) as tf.Tensor4D; // [B, T, n, V]
  const V = logProbs.shape[3];
  // What each model had said of every token of `ids`: from the position before it, which for the first token is the
  // state's. A first token with nothing before it is no evidence: the zeros give every model the same.
  const before = state?.next === undefined ? tf.zeros([B, 1, n, V]) : state.next.reshape([B, 1, n, V]);
  const said = T === 1 ? before : tf.concat([before, tf.slice(logProbs, [0, 0, 0, 0], [B, T - 1, n, V])], 1);
  const observed = logProbsOf(said as tf.Tensor4D, ids); // [B, T, n]
  const { evidence, kept } = gather(observed, weighing.history, state?.evidence);
  state?.replace(kept, tf.slice(logProbs, [0, T - 1, 0, 0], [B, 1, n, V]).reshape([B, n, V]));
  const logWeights = weigh(evidence, weighing);
  return tf.logSumExp(tf.add(logProbs, logWeights.reshape([B, T, n, 1])), 2) as tf.Tensor3D;
}

/** `logProbs[b, t, j, ids[b, t]]`, `[B, T, n]`; where all of a row are 0, one and the same number for every model. */
function logProbsOf(logProbs: tf.Tensor4D, ids: tf.Tensor2D): tf.Tensor3D {
  const [B, T, n, V] = logProbs.shape;
  const wanted = tf.tile(ids.reshape([B, T, 1]), [1, 1, n]).reshape([-1]) as tf.Tensor1D;
  // Log-probabilities are logits whose logsumexp is 0. (Places in the flat table would not do: tfjs multiplies int32 by
  // a plain number in float32, which has no odd numbers above 2^24.)
  return tf.neg(crossEntropy(logProbs.reshape([-1, V]) as tf.Tensor2D, wanted)).reshape([B, T, n]);
}

/**
 * Sums of log-likelihoods over each position's history, itself included.
 *
 * @param observed log-likelihood of each token under each model, `[B, T, n]`
 * @param earlier what an earlier call kept
 * @returns `evidence`, like `observed`, and what the next call needs of it
 */
function gather(
  observed: tf.Tensor3D,
  history: number,
  earlier?: tf.Tensor3D,
): { evidence: tf.Tensor3D; kept: tf.Tensor3D } {
  const [B, T, n] = observed.shape;
  // Only differences between models matter: taken from their mean, they stay small over long texts.
  const centred = tf.sub(observed, tf.mean(observed, 2, true)) as tf.Tensor3D;
  const all = earlier === undefined ? centred : tf.concat([earlier, centred], 1);
  const length = all.shape[1];
  const sums = tf.cumsum(all, 1) as tf.Tensor3D;
  const newest = tf.slice(sums, [0, length - T, 0], [B, T, n]) as tf.Tensor3D;
  if (history === Infinity) return { evidence: newest, kept: tf.slice(sums, [0, length - 1, 0], [B, 1, n]) };
  const kept = tf.slice(all, [0, Math.max(0, length - history), 0], [B, Math.min(history, length), n]);
  if (length <= history) return { evidence: newest, kept };
  // The sum over the last `history` tokens is the sum over all of them less that over those before.
  const gone = tf.concat([tf.zeros([B, history, n]), tf.slice(sums, [0, 0, 0], [B, length - history, n])], 1);
  return { evidence: tf.sub(newest, tf.slice(gone, [0, length - T, 0], [B, T, n])), kept };
}

/** `log w`, `[B, T, n]`; a large negative number for models that do not speak. */
function weigh(evidence: tf.Tensor3D, { topK, temperature, logPrior }: Weighing): tf.Tensor3D {
  const n = logPrior.length;
  const scores = tf.div(tf.add(evidence, tf.tensor1d([...logPrior])), temperature);
  if (topK === n) return tf.logSoftmax(scores) as tf.Tensor3D;
  const { indices } = tf.topk(scores, topK); // of equals the first
  const speaks = tf.sum(tf.oneHot(indices, n, 1, 0, "float32"), -2); // [B, T, n]
  return tf.logSoftmax(tf.add(scores, tf.mul(tf.sub(speaks, 1), SILENT))) as tf.Tensor3D;
}

/** What silent models' scores are lowered by. */
const SILENT = 1e9;

/** As {@linkcode mixtureLogits}, but of the next tokens only: no `[B, T, n, V]`. */
function mixtureLosses(
  models: readonly LanguageModel[],
  weighing: Weighing,
  ids: tf.Tensor2D,
  targets: tf.Tensor2D,
): tf.Tensor2D {
  const [B, T] = ids.shape;
  const n = models.length;
  // Tokens that do not count are evidence all the same.
  const next = T === 1
    ? targets
    : tf.concat([tf.slice(ids, [0, 1], [B, T - 1]), tf.slice(targets, [0, T - 1], [B, 1])], 1);
  const logLikelihood = tf.neg(
    tf.stack(models.map((model) => tokenLosses(model, ids, next as tf.Tensor2D)), 2),
  ) as tf.Tensor3D; // [B, T, n]
  const nothing = tf.zeros([B, 1, n]);
  const observed = T === 1
    ? nothing
    : tf.concat([nothing, tf.slice(logLikelihood, [0, 0, 0], [B, T - 1, n])], 1) as tf.Tensor3D;
  const { evidence } = gather(observed as tf.Tensor3D, weighing.history);
  const mixed = tf.logSumExp(tf.add(logLikelihood, weigh(evidence, weighing)), 2); // [B, T]
  return tf.mul(tf.neg(mixed), tf.cast(tf.greaterEqual(targets, 0), "float32")) as tf.Tensor2D;
}
