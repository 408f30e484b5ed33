// The Llama decoder as functions of its weights: embedding, decoder layers, head.
// Pre-norm RMSNorm, rotary embedding, grouped-query attention, SwiGLU, no biases (arXiv 2307.09288 §2.2).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { causalAttention, embedding, linear, rmsNorm, rope, type RopeTable, ropeTable, swiglu } from "../tensor/mod.ts";
import type { KvCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { Weights } from "./weights.ts";

/** What one forward pass shares between its layers. */
export interface Pass {
  readonly rope: RopeTable;
  /** int32 `[batch, time]`; attention stays within one document. */
  readonly documents: tf.Tensor2D | undefined;
}

/**
 * The pass for `time` tokens that stand after `offset` earlier ones.
 *
 * @throws UserError `model.context` when they exceed the context length
 */
export function beginPass(config: ModelConfig, time: number, offset = 0, documents?: tf.Tensor2D): Pass {
  if (offset + time > config.contextLength) {
    throw new UserError(
      "model.context",
      `Cannot read ${offset + time} tokens: the model's context length is ${config.contextLength}`,
    );
  }
  return { rope: ropeTable(time, config.width / config.heads, config.ropeTheta, offset), documents };
}

/** Token ids int32 `[B, T]` to the residual stream `[B, T, d]`. */
export function embed(weights: Weights, ids: tf.Tensor2D): tf.Tensor3D {
  return embedding(weight(weights, "model.embed_tokens.weight") as tf.Tensor2D, ids) as tf.Tensor3D;
}

/**
 * One decoder layer.
 *
 * @param layer from 0
 * @param h float32 `[B, T, d]`
 * @param cache the model's own cache, extended in place
 * @returns float32 `[B, T, d]`
 */
export function decoderLayer(
  config: ModelConfig,
  weights: Weights,
  layer: number,
  h: tf.Tensor3D,
  pass: Pass,
  cache?: KvCache,
): tf.Tensor3D {
  // What the layer makes on the way goes as soon as nothing needs it, not at the end of the training step.
  return tf.tidy(() => attendAndFeed(config, weights, layer, h, pass, cache));
}

function attendAndFeed(
  config: ModelConfig,
  weights: Weights,
  layer: number,
  h: tf.Tensor3D,
  pass: Pass,
  cache: KvCache | undefined,
): tf.Tensor3D {
  const [B, T, d] = h.shape;
  const headSize = d / config.heads;
  const w = (name: string) => weight(weights, `model.layers.${layer}.${name}.weight`);
  const heads = (x: tf.Tensor, count: number) => x.reshape([B, T, count, headSize]) as tf.Tensor4D;

  const x = rmsNorm(h, w("input_layernorm"), config.normEps); // [B, T, d]
  const q = rope(heads(linear(x, w("self_attn.q_proj")), config.heads), pass.rope);
  const k = rope(heads(linear(x, w("self_attn.k_proj")), config.kvHeads), pass.rope);
  const v = heads(linear(x, w("self_attn.v_proj")), config.kvHeads);
  const past = cache?.append(layer, k, v);
  const attended = causalAttention(q, past?.k ?? k, past?.v ?? v, pass.documents).reshape([B, T, d]);
  const middle = tf.add(h, linear(attended, w("self_attn.o_proj")));

  const y = rmsNorm(middle, w("post_attention_layernorm"), config.normEps);
  const hidden = swiglu(linear(y, w("mlp.gate_proj")), linear(y, w("mlp.up_proj"))); // [B, T, inner]
  return tf.add(middle, linear(hidden, w("mlp.down_proj")));
}

/** The final norm and the head: `[B, T, d]` to logits `[B, T, vocab]`. */
export function head(config: ModelConfig, weights: Weights, h: tf.Tensor3D): tf.Tensor3D {
  const table = config.tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  const normed = rmsNorm(h, weight(weights, "model.norm.weight"), config.normEps);
  return linear(normed, weight(weights, table)) as tf.Tensor3D;
}

/**
 * Logits of a decoder.
 *
 * @param ids int32 `[B, T]`
 * @param options.documents int32 `[B, T]`; attention stays within one document
 * @param options.cache extended in place; `ids` continue what it holds
 * @returns float32 `[B, T, vocab]`
 */
export function forward(
  config: ModelConfig,
  weights: Weights,
  ids: tf.Tensor2D,
  options: { readonly documents?: tf.Tensor2D | undefined; readonly cache?: KvCache | undefined } = {},
): tf.Tensor3D {
  const pass = beginPass(config, ids.shape[1], options.cache?.length ?? 0, options.documents);
  let h = embed(weights, ids);
  for (let layer = 0; layer < config.layers; layer++) {
    h = decoderLayer(config, weights, layer, h, pass, options.cache);
  }
  return head(config, weights, h);
}

function weight(weights: Weights, name: string): tf.Tensor {
  const tensor = weights[name];
  if (tensor === undefined) throw new UserError("model.weights", `The model lacks the weight "${name}"`);
  return tensor;
}
