// A single decoder as a language model that can be evaluated and sampled from.
import * as tf from "@tensorflow/tfjs";
import { crossEntropy } from "../tensor/mod.ts";
import { KvCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import { decode, forward, headLosses } from "./llama.ts";
import type { Weights } from "./weights.ts";

/** What a model remembers between calls of incremental decoding; each kind of model has its own. */
export interface DecodingState {
  /** How many tokens it holds. */
  readonly length: number;
  dispose(): void;
}

/** Anything that gives a next-token distribution: a decoder, an ensemble, a stitched model. */
export interface LanguageModel {
  readonly vocabSize: number;
  readonly contextLength: number;
  /**
   * Logits (any constant per position may be added: `softmax` of them is the distribution).
   *
   * @param ids int32 `[batch, time]`; every row is one document from its start
   * @param state when given, `ids` continue the state's tokens, and the state is extended in place
   * @returns float32 `[batch, time, vocab]`
   */
  logits(ids: tf.Tensor2D, state?: DecodingState): tf.Tensor3D;
  /** An empty state for incremental decoding. */
  decodingState(): DecodingState;
  /**
   * Negative log-likelihood of each next token, in nats; for models that need not make all logits to know it.
   * {@linkcode tokenLosses} falls back on the logits.
   *
   * @param targets int32 `[batch, time]`: the token after each of `ids`, or −1 where it does not count
   * @returns float32 `[batch, time]`, 0 where it does not count
   */
  readonly losses?: (ids: tf.Tensor2D, targets: tf.Tensor2D) => tf.Tensor2D;
}

/**
 * Negative log-likelihood of each next token, in nats.
 *
 * @param ids int32 `[batch, time]`; every row is one document from its start
 * @param targets int32 `[batch, time]`: the token after each of `ids`, or −1 where it does not count
 * @returns float32 `[batch, time]`, 0 where it does not count
 */
export function tokenLosses(model: LanguageModel, ids: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor2D {
  if (model.losses !== undefined) return model.losses(ids, targets);
  return tf.tidy(() => {
    const logits = model.logits(ids).reshape([-1, model.vocabSize]) as tf.Tensor2D;
    return crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D).reshape(ids.shape);
  });
}

/** The decoder with these weights. */
export function decoder(config: ModelConfig, weights: Weights): LanguageModel {
  return {
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    logits: (ids, state) => tf.tidy(() => forward(config, weights, ids, { cache: state as KvCache | undefined })),
    losses: (ids, targets) => tf.tidy(() => headLosses(config, weights, decode(config, weights, ids), targets)),
    decodingState: () => new KvCache(config.layers),
  };
}
