// The interface of language models, for evaluation and sampling, and a decoder with that interface.
import * as tf from "@tensorflow/tfjs";
import { crossEntropy, topOf } from "../tensor/mod.ts";
import { KvCache, kvShape } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { DecodingState, LogitsOptions } from "./decoding-state.ts";
import type { GatePlace } from "./gates.ts";
import { dependsOnCalls, forward, headLosses, headPredictions, hiddenStates, type Predictions } from "./llama.ts";
import type { Weights } from "./weights.ts";

/** Anything that predicts the next token: a decoder, an ensemble, a stitched model. */
export interface LanguageModel {
  readonly vocabSize: number;
  readonly contextLength: number;
  /**
   * Logits, up to a constant per position; their softmax is the distribution of the next token.
   *
   * @param ids int32 `[batch, time]`; every row is one document from its start
   * @param states one per row, which may have different lengths; the rows continue what these have read, and they are
   *   extended in place. Without them, rows begin
   * @returns float32 `[batch, time, vocab]`
   */
  logits(ids: tf.Tensor2D, states?: readonly DecodingState[], options?: LogitsOptions): tf.Tensor3D;
  /**
   * An empty state of one sequence.
   *
   * @param without numbers of {@linkcode switchable} that take no part in it: their gates are 0. @default none
   */
  decodingState(without?: readonly number[]): DecodingState;
  /**
   * Whether logits depend on how a prompt is divided into calls, so that all of it must be in a state's first call. Later
   * calls then have one token each. @default false
   */
  readonly promptAtOnce?: boolean;
  /**
   * Where it weighs the models that it is made of, in the order of a pass; absent for a model that does not. The gates of
   * the last place are shares: the model with the largest one speaks.
   */
  readonly gates?: readonly GatePlace[];
  /** Which of the models that it weighs can be switched off for a sequence, by number, but not all that it has. */
  readonly switchable?: readonly number[];
  /** Whether its states let any of the {@linkcode switchable} models rest. @default false */
  readonly canRest?: boolean;
  /**
   * Negative log-likelihood of each next token, in nats, for models that can compute it without all logits.
   * {@linkcode tokenLosses} falls back on the logits.
   *
   * @param targets int32 `[batch, time]`: the next token at each position, or −1 where it is ignored
   * @returns float32 `[batch, time]`, 0 where it is ignored
   */
  readonly losses?: (ids: tf.Tensor2D, targets: tf.Tensor2D) => tf.Tensor2D;
  /**
   * The same losses with the most likely next tokens, for models that have `losses` and get both from one forward pass.
   * {@linkcode tokenPredictions} falls back on the logits.
   */
  readonly predictions?: (ids: tf.Tensor2D, targets: tf.Tensor2D) => Predictions;
}

/**
 * Negative log-likelihood of each next token, in nats.
 *
 * @param ids int32 `[batch, time]`; every row is one document from its start
 * @param targets int32 `[batch, time]`: the next token at each position, or −1 where it is ignored
 * @returns float32 `[batch, time]`, 0 where it is ignored
 */
export function tokenLosses(model: LanguageModel, ids: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  if (model.losses !== undefined) return model.losses(ids, targets);
  return tf.tidy(() => {
    const logits = model.logits(ids).reshape([-1, model.vocabSize]) as tf.Tensor2D;
    return crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D).reshape(ids.shape);
  });
}

/**
 * Negative log-likelihood of each next token, equal to {@linkcode tokenLosses}, and the most likely next tokens.
 *
 * @param ids int32 `[batch, time]`; every row is one document from its start
 * @param targets int32 `[batch, time]`: the next token at each position, or −1 where it is ignored
 */
export function tokenPredictions(model: LanguageModel, ids: tf.Tensor2D, targets: tf.Tensor2D): Predictions {
  if (model.predictions !== undefined) return model.predictions(ids, targets);
  return tf.tidy(() => {
    const logits = model.logits(ids).reshape([-1, model.vocabSize]) as tf.Tensor2D;
    const losses = model.losses?.(ids, targets) ?? crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D);
    const { top, topLosses } = topOf(logits);
    const shaped = <T extends tf.Tensor>(x: T) => x.reshape(ids.shape) as tf.Tensor2D;
    return { losses: shaped(losses), top: shaped(top), topLosses: shaped(topLosses) };
  });
}

/** A decoder as a language model. */
export function decoder(config: ModelConfig, weights: Weights): LanguageModel {
  return {
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    logits: (ids, states, { last, lengths } = {}) =>
      tf.tidy(() => forward(config, weights, ids, { caches: states as readonly KvCache[] | undefined, last, lengths })),
    losses: (ids, targets) => tf.tidy(() => headLosses(config, weights, hiddenStates(config, weights, ids), targets)),
    predictions: (ids, targets) =>
      tf.tidy(() => headPredictions(config, weights, hiddenStates(config, weights, ids), targets)),
    decodingState: () => new KvCache(kvShape(config)),
    promptAtOnce: dependsOnCalls(config),
  };
}
