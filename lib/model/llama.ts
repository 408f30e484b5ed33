// A decoder of the Llama family as functions of its weights: embedding, decoder layers, head. Pre-norm RMSNorm, rotary
// embedding, grouped-query attention, SwiGLU (arXiv 2307.09288 §2.2).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import {
  embedding,
  inShape,
  linear,
  linearCrossEntropy,
  linearPredictions,
  meanLinearCrossEntropy,
  normBranch,
  recompute,
  rmsNorm,
  type RopeTable,
  ropeTable,
  ropeTableOfRows,
} from "../tensor/mod.ts";
import { attention, feedForward, weight } from "./blocks.ts";
import type { KvCache } from "./cache.ts";
import { headSizeOf, type ModelConfig } from "./config.ts";
import type { LogitsOptions } from "./decoding-state.ts";
import { scaledFrequencies } from "./rope-scaling.ts";
import type { Weights } from "./weights.ts";

/** What a model predicts at each position, and how well. */
export type Predictions = {
  /** Negative log-likelihood of the next token in nats, float32 `[batch, time]`; 0 where it is ignored. */
  readonly losses: tf.Tensor2D;
  /** The most likely next token, int32 `[batch, time]`. */
  readonly top: tf.Tensor2D;
  /** Its negative log-likelihood in nats, float32 `[batch, time]`. */
  readonly topLosses: tf.Tensor2D;
};

/** What the layers of one forward pass share. */
export interface Pass {
  /** Of the T positions of every row; with caches, of the B·T positions of all rows, one row after another. */
  readonly rope: RopeTable;
  /** int32 `[batch, time]`; attention stays within one document. */
  readonly documents: tf.Tensor2D | undefined;
  readonly activations: Activations;
}

/** What is kept for the backward pass: all activations, or each layer's input, from which the rest is recomputed. */
export type Activations = "keep" | "recompute";

/**
 * A forward pass over `time` tokens from the start of each row.
 *
 * @throws UserError `model.context` when they exceed the context length
 */
export function beginPass(
  config: ModelConfig,
  time: number,
  documents?: tf.Tensor2D,
  activations: Activations = "keep",
): Pass {
  checkContext(config, time);
  const { frequencies, scale } = scaledFrequencies({ ...config, headSize: headSizeOf(config) }, time);
  return { rope: ropeTable(time, frequencies, 0, scale), documents, activations };
}

/**
 * A forward pass over `time` further tokens of each row, or from its start if there are no states. Where frequencies
 * depend on the length of the text (`dynamic` scaling), they follow from what the row has when the pass ends, and cached
 * keys stay as they are, as in Python's transformers.
 *
 * @param states of each row
 * @throws UserError `model.context` when a row exceeds the context length
 */
export function continuePass(
  config: ModelConfig,
  time: number,
  states: readonly { readonly length: number }[] | undefined,
  documents?: tf.Tensor2D,
  activations?: Activations,
): Pass {
  if (states === undefined) return beginPass(config, time, documents, activations);
  const headSize = headSizeOf(config);
  for (const { length } of states) checkContext(config, length + time);
  const rows = states.map(({ length }) => ({
    offset: length,
    ...scaledFrequencies({ ...config, headSize }, length + time),
  }));
  return { rope: ropeTableOfRows(time, rows), documents, activations: "keep" };
}

/** Whether the logits after several calls depend on how the tokens were divided among them. */
export function dependsOnCalls({ ropeScaling }: ModelConfig): boolean {
  return ropeScaling?.type === "dynamic";
}

function checkContext({ contextLength }: ModelConfig, tokens: number): void {
  if (tokens <= contextLength) return;
  throw new UserError(
    "model.context",
    `Cannot read ${tokens} tokens: the model's context length is ${contextLength}`,
  );
}

/** Embeds token ids, int32 `[B, T]`, into the residual stream, `[B, T, d]`. */
export function embed(weights: Weights, ids: tf.Tensor2D): tf.Tensor3D {
  return embedding(weight(weights, "model.embed_tokens.weight") as tf.Tensor2D, ids) as tf.Tensor3D;
}

/**
 * One decoder layer.
 *
 * @param layer from 0
 * @param h float32 `[B, T, d]`, or its rows `[B·T, d]`, which need no reshaping
 * @param caches of each row, written to in place behind their tokens
 * @returns float32 like h
 */
export function decoderLayer<T extends tf.Tensor2D | tf.Tensor3D>(
  config: ModelConfig,
  weights: Weights,
  layer: number,
  h: T,
  pass: Pass,
  caches?: readonly KvCache[],
): T {
  if (pass.activations === "recompute" && caches === undefined) return recomputedLayer(config, weights, layer, h, pass);
  // Without the tidy, intermediate tensors would live until the end of the training step.
  return tf.tidy(() => attendAndFeed(config, weights, layer, h, pass, caches));
}

function recomputedLayer<T extends tf.Tensor>(
  config: ModelConfig,
  weights: Weights,
  layer: number,
  h: T,
  pass: Pass,
): T {
  const { rope: { cos, sin }, documents } = pass;
  const prefix = `model.layers.${layer}.`;
  const trained = Object.entries(weights).flatMap(([name, tensor]) =>
    name.startsWith(prefix) && tensor instanceof tf.Variable ? [tensor] : []
  );
  const run = (h: T, constants: readonly tf.Tensor[]) => {
    const [cos, sin, documents] = constants as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D | undefined];
    return attendAndFeed(config, weights, layer, h, { ...pass, rope: { cos, sin }, documents }, undefined);
  };
  return recompute(run, h, trained, documents === undefined ? [cos, sin] : [cos, sin, documents]);
}

function attendAndFeed<T extends tf.Tensor>(
  config: ModelConfig,
  weights: Weights,
  layer: number,
  h: T,
  pass: Pass,
  caches: readonly KvCache[] | undefined,
): T {
  const prefix = `model.layers.${layer}.`;
  const branch = (name: string, stream: tf.Tensor) =>
    normBranch(stream, weight(weights, `${prefix}${name}.weight`), config.normEps);
  // Rows (per model in a stack), so that no operation has to reshape its input.
  const q = weight(weights, `${prefix}self_attn.q_proj.weight`);
  const rows = inShape(h, q.rank === 3 ? [q.shape[0]!, -1, config.width] : [-1, config.width]);
  const [x, stream] = branch("input_layernorm", rows);
  const [y, middle] = branch(
    "post_attention_layernorm",
    attention(config, weights, `${prefix}self_attn.`, x, pass, layer, caches, stream),
  );
  return inShape(feedForward(weights, `${prefix}mlp.`, y, middle), h.shape);
}

/** The final norm and the head: hidden states `[B, T, d]` to logits `[B, T, vocab]`. */
export function head(config: ModelConfig, weights: Weights, h: tf.Tensor3D): tf.Tensor3D {
  return linear(finalNorm(config, weights, h), headTable(config, weights)) as tf.Tensor3D;
}

/**
 * Cross-entropy of the head's logits, without holding all of them at once.
 *
 * @param h hidden states after the last layer, float32 `[B, T, d]`
 * @param targets int32 `[B, T]`: the next token at each position, or negative where it is ignored
 * @returns negative log-likelihoods in nats, `[B, T]`; 0 where the target is ignored
 */
export function headLosses(config: ModelConfig, weights: Weights, h: tf.Tensor3D, targets: tf.Tensor2D): tf.Tensor2D {
  const x = finalRows(config, weights, h);
  return inShape(linearCrossEntropy(x, headTable(config, weights), inShape(targets, [-1])), targets.shape);
}

/** {@linkcode headLosses} with the most likely next token at each position, from the same logits. */
export function headPredictions(
  config: ModelConfig,
  weights: Weights,
  h: tf.Tensor3D,
  targets: tf.Tensor2D,
): Predictions {
  const x = finalRows(config, weights, h);
  const { losses, top, topLosses } = linearPredictions(x, headTable(config, weights), inShape(targets, [-1]));
  return {
    losses: inShape(losses, targets.shape),
    top: inShape(top, targets.shape),
    topLosses: inShape(topLosses, targets.shape),
  };
}

/**
 * The sum of {@linkcode headLosses}, divided by `scored` times the number of positions; its gradient does not recompute the
 * logits.
 *
 * @param scored the share of positions to take the mean over: of those whose targets are not ignored. @default 1
 */
export function headLoss(
  config: ModelConfig,
  weights: Weights,
  h: tf.Tensor3D,
  targets: tf.Tensor2D,
  scored = 1,
): tf.Scalar {
  const x = finalRows(config, weights, h);
  const mean = meanLinearCrossEntropy(x, headTable(config, weights), inShape(targets, [-1]));
  return scored === 1 ? mean : tf.div(mean, scored);
}

/** The final norm of every row, `[B·T, d]`. */
function finalRows(config: ModelConfig, weights: Weights, h: tf.Tensor3D): tf.Tensor2D {
  return finalNorm(config, weights, inShape(h, [-1, config.width])) as tf.Tensor2D;
}

function finalNorm(config: ModelConfig, weights: Weights, h: tf.Tensor): tf.Tensor {
  return rmsNorm(h, weight(weights, "model.norm.weight"), config.normEps);
}

function headTable({ tiedEmbeddings }: ModelConfig, weights: Weights): tf.Tensor2D {
  return weight(weights, tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight") as tf.Tensor2D;
}

/** Options of a decoder's forward pass. */
export interface ReadOptions {
  /** int32 `[B, T]`; attention stays within one document. */
  readonly documents?: tf.Tensor2D | undefined;
  /** One per row, whose tokens the ids continue; they are extended in place. */
  readonly caches?: readonly KvCache[] | undefined;
  /** How many of the ids of each row count, with caches. @default all */
  readonly lengths?: readonly number[] | undefined;
  /** What is kept for the backward pass. @default "keep" */
  readonly activations?: Activations | undefined;
}

/**
 * The hidden states of a decoder after its last layer: the input of {@linkcode head} and {@linkcode headLoss}.
 *
 * @param ids int32 `[B, T]`
 * @returns float32 `[B, T, d]`
 */
export function hiddenStates(
  config: ModelConfig,
  weights: Weights,
  ids: tf.Tensor2D,
  { documents, caches, lengths, activations }: ReadOptions = {},
): tf.Tensor3D {
  const pass = continuePass(config, ids.shape[1], caches, documents, activations);
  const embedded = embed(weights, ids);
  let rows = inShape<tf.Tensor2D>(embedded, [-1, config.width]);
  for (let layer = 0; layer < config.layers; layer++) rows = decoderLayer(config, weights, layer, rows, pass, caches);
  caches?.forEach((cache, row) => cache.advance(lengths?.[row] ?? ids.shape[1]));
  return inShape(rows, embedded.shape);
}

/**
 * Logits of a decoder.
 *
 * @param ids int32 `[B, T]`
 * @returns float32 `[B, T, vocab]`, or `[B, 1, vocab]` if only the last are wanted
 */
export function forward(
  config: ModelConfig,
  weights: Weights,
  ids: tf.Tensor2D,
  { last, ...options }: ReadOptions & LogitsOptions = {},
): tf.Tensor3D {
  return head(config, weights, wanted(hiddenStates(config, weights, ids, options), last, options.lengths));
}

/**
 * The positions of `[B, T, n]` that are wanted: all, or the last of each row, `[B, 1, n]`.
 *
 * @param lengths positions that count of each row; all by default
 */
export function wanted(x: tf.Tensor3D, last: boolean | undefined, lengths?: readonly number[]): tf.Tensor3D {
  const [B, T, n] = x.shape;
  if (!last || T === 1) return x;
  if (lengths === undefined) return tf.slice(x, [0, T - 1, 0], [B, 1, n]);
  const places = tf.tensor1d(lengths.map((length, row) => row * T + length - 1), "int32");
  return inShape(tf.gather(inShape<tf.Tensor2D>(x, [B * T, n]), places), [B, 1, n]);
}
