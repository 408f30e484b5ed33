// Branch-Train-Merge's ensemble: next-token probabilities weighted by the Bayes posterior of each model given the
// prefix (arXiv 2208.03306 §2.2), with a uniform prior.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { crossEntropy } from "../tensor/mod.ts";
import type { DecodingState, LanguageModel } from "../model/mod.ts";

/** What the ensemble remembers: each model's own state, the posterior so far, and what was said of the next token. */
class EnsembleState implements DecodingState {
  readonly states: readonly DecodingState[];
  /** `log w_j`, the posterior of the tokens so far, `[batch, models]`. */
  posterior: tf.Tensor2D | undefined;
  /** `log p_j` of the next token, `[batch, models, vocab]`. */
  next: tf.Tensor3D | undefined;

  constructor(states: readonly DecodingState[]) {
    this.states = states;
  }

  get length(): number {
    return this.states[0]!.length;
  }

  replace(posterior: tf.Tensor2D, next: tf.Tensor3D): void {
    this.posterior?.dispose();
    this.next?.dispose();
    this.posterior = tf.keep(posterior);
    this.next = tf.keep(next);
  }

  dispose(): void {
    for (const state of this.states) state.dispose();
    this.posterior?.dispose();
    this.next?.dispose();
    this.posterior = this.next = undefined;
  }
}

/**
 * The ensemble of models of one vocabulary. At position t model j weighs
 * `w_tj = softmax_j(Σ_{s ≤ t} log p_j(x_s | x_{<s}))`, and the mixture is `Σ_j w_tj p_j`.
 *
 * The mixture's negative log-likelihood of a sequence is at most `min_j NLL_j + log n`.
 *
 * @throws UserError `merge.vocab` when vocabularies differ
 */
export function btmEnsemble(models: readonly LanguageModel[]): LanguageModel {
  const vocabSize = models[0]?.vocabSize;
  if (vocabSize === undefined) throw new UserError("merge.empty", "Cannot make an ensemble of no models");
  if (models.some((model) => model.vocabSize !== vocabSize)) {
    throw new UserError("merge.vocab", "Cannot mix models of different vocabularies: they must share one tokenizer");
  }
  const contextLength = Math.min(...models.map((model) => model.contextLength));
  return {
    vocabSize,
    contextLength,
    decodingState: () => new EnsembleState(models.map((model) => model.decodingState())),
    logits: (ids, state) => {
      checkLength(ids.shape[1] + (state?.length ?? 0), contextLength);
      return tf.tidy(() => mixtureLogits(models, ids, state as EnsembleState | undefined));
    },
    losses: (ids, targets) => tf.tidy(() => mixtureLosses(models, ids, targets)),
  };
}

/** Before any model reads: one that has read what another refuses would be out of step for good. */
function checkLength(tokens: number, contextLength: number): void {
  if (tokens <= contextLength) return;
  throw new UserError(
    "model.context",
    `Cannot read ${tokens} tokens: the shortest context length of the ensemble's models is ${contextLength}`,
  );
}

function mixtureLogits(models: readonly LanguageModel[], ids: tf.Tensor2D, state?: EnsembleState): tf.Tensor3D {
  const [B, T] = ids.shape;
  const n = models.length;
  const logProbs = tf.stack(
    models.map((model, j) => tf.logSoftmax(model.logits(ids, state?.states[j]))),
    2,
  ) as tf.Tensor4D; // [B, T, n, V]
  const V = logProbs.shape[3];
  // What each model had said of every token of `ids`: from the position before it, which for the first token is the
  // state's. A first token with nothing before it is no evidence: the zeros
  // give every model the same.
  const before = state?.next === undefined ? tf.zeros([B, 1, n, V]) : state.next.reshape([B, 1, n, V]);
  const said = T === 1 ? before : tf.concat([before, tf.slice(logProbs, [0, 0, 0, 0], [B, T - 1, n, V])], 1);
  const observed = logProbsOf(said as tf.Tensor4D, ids); // [B, T, n]
  const first = state?.posterior ?? tf.zeros([B, n]);
  const evidence = tf.add(tf.cumsum(observed, 1), first.reshape([B, 1, n])); // [B, T, n]
  const logWeights = tf.logSoftmax(evidence) as tf.Tensor3D; // normalised, so that it stays small over long texts
  if (state !== undefined) {
    state.replace(
      tf.slice(logWeights, [0, T - 1, 0], [B, 1, n]).reshape([B, n]),
      tf.slice(logProbs, [0, T - 1, 0, 0], [B, 1, n, V]).reshape([B, n, V]),
    );
  }
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

/** As {@linkcode mixtureLogits}, but of the next tokens only: no `[B, T, n, V]`. */
function mixtureLosses(models: readonly LanguageModel[], ids: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  const [B, T] = ids.shape;
  const next = T === 1
    ? targets
    : tf.concat([tf.slice(ids, [0, 1], [B, T - 1]), tf.slice(targets, [0, T - 1], [B, 1])], 1);
  const logLikelihood = tf.stack(
    models.map((model) => {
      const logits = model.logits(ids).reshape([B * T, model.vocabSize]) as tf.Tensor2D;
      return tf.neg(crossEntropy(logits, next.reshape([-1]) as tf.Tensor1D)).reshape([B, T]);
    }),
    2,
  ) as tf.Tensor3D; // [B, T, n]
  const evidence = tf.cumsum(logLikelihood, 1, true); // of the tokens up to and including position t
  const mixed = tf.logSumExp(tf.add(logLikelihood, tf.logSoftmax(evidence)), 2); // [B, T]
  return tf.mul(tf.neg(mixed), tf.cast(tf.greaterEqual(targets, 0), "float32")) as tf.Tensor2D;
}
