// The two blocks of a decoder layer, without their norms: grouped-query attention and the SwiGLU feed-forward.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import {
  addLinear,
  addSwigluLinear,
  cachedAttention,
  inShape,
  linear,
  linears,
  rmsNorm,
  rope,
  type RopeTable,
  swiglu,
  windowAttention,
} from "../tensor/mod.ts";
import type { KvCache } from "./cache.ts";
import { headSizeOf, type ModelConfig, windowOf } from "./config.ts";
import type { Weights } from "./weights.ts";

/**
 * Causal self-attention. Projections have a bias, and the heads of q and k a norm (before RoPE; Qwen3, arXiv 2505.09388
 * §2), where the model has the weight.
 *
 * @param prefix of the weights' names: `q_proj.weight`, `k_proj.weight`, `v_proj.weight`, `o_proj.weight`, and
 *   `….bias`, `q_norm.weight`, `k_norm.weight` where there are any
 * @param x normalized states, float32 `[B, T, d]`, or their rows as `[B·T, d]` or `[models, B/models·T, d]`
 * @param pass.rope the RoPE table of T positions; with caches, of the positions of all rows that one model has
 * @param pass.documents int32 `[B, T]`; attention stays within one document
 * @param caches one per row; the keys and values of `layer` are written to in place, behind the tokens of each
 * @param residual the residual stream that the result is added to, float32 like x
 * @returns float32 like x
 */
export function attention<T extends tf.Tensor>(
  config: ModelConfig,
  weights: Weights,
  prefix: string,
  x: T,
  pass: { readonly rope: RopeTable; readonly documents: tf.Tensor2D | undefined },
  layer: number,
  caches?: readonly KvCache[],
  residual?: T,
): T {
  const d = x.shape.at(-1)!;
  const batch = caches?.length ?? x.size / d / pass.rope.cos.shape[0];
  const headSize = headSizeOf(config);
  const project = projector(weights, prefix);
  const [queries, keys, v] = project(x, "q_proj", "k_proj", "v_proj").map((y) =>
    inShape(y, [batch, x.size / d / batch, -1, headSize])
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const normed = (x: tf.Tensor4D, name: string) => {
    const w = weights[`${prefix}${name}.weight`];
    return w === undefined ? x : rmsNorm(x, w, config.normEps) as tf.Tensor4D;
  };
  const q = normed(queries, "q_norm"), k = normed(keys, "k_norm");
  const window = windowOf(config, layer);
  const attended = caches === undefined
    ? windowAttention(rope(q, pass.rope), rope(k, pass.rope), v, window, pass.documents)
    : cachedAttention(q, k, v, pass.rope, caches.map((cache) => cache.at(layer)), window);
  const rows = inShape(attended, [...x.shape.slice(0, -1), config.heads * headSize]);
  return mapAndAdd(weights, `${prefix}o_proj`, rows, residual) as T;
}

/**
 * The gated feed-forward.
 *
 * @param prefix of the weights' names: `gate_proj.weight`, `up_proj.weight`, `down_proj.weight`, and `….bias` where
 *   there are any
 * @param x normalized states, float32 `[..., d]`
 * @param residual the residual stream that the result is added to, float32 like x
 * @returns float32 `[..., d]`
 */
export function feedForward(weights: Weights, prefix: string, x: tf.Tensor, residual?: tf.Tensor): tf.Tensor {
  const [gate, up] = projector(weights, prefix)(x, "gate_proj", "up_proj") as [tf.Tensor, tf.Tensor];
  const name = `${prefix}down_proj`;
  if (residual === undefined) return mapAndAdd(weights, name, swiglu(gate, up), undefined);
  return addBias(addSwigluLinear(residual, gate, up, weight(weights, `${name}.weight`)), weights[`${name}.bias`]);
}

/** Several projections of one input, with their biases. */
function projector(weights: Weights, prefix: string) {
  return (x: tf.Tensor, ...names: readonly string[]): tf.Tensor[] =>
    linears(x, names.map((name) => weight(weights, `${prefix}${name}.weight`)))
      .map((y, i) => addBias(y, weights[`${prefix}${names[i]}.bias`]));
}

function mapAndAdd(weights: Weights, name: string, x: tf.Tensor, residual: tf.Tensor | undefined): tf.Tensor {
  const w = weight(weights, `${name}.weight`);
  return addBias(residual === undefined ? linear(x, w) : addLinear(residual, x, w), weights[`${name}.bias`]);
}

/**
 * @param y `[..., out]`, with rows ordered by model where there are several
 * @param bias `[out]`, or a stack `[models, out]`
 */
function addBias(y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  if (bias === undefined) return y;
  if (bias.rank === 1) return tf.add(y, bias);
  const [models, out] = bias.shape as [number, number];
  return inShape(tf.add(inShape(y, [models, -1, out]), inShape(bias, [models, 1, out])), y.shape);
}

/**
 * A weight by name.
 *
 * @throws UserError `model.weights` when the model lacks it
 */
export function weight(weights: Weights, name: string): tf.Tensor {
  const tensor = weights[name];
  if (tensor === undefined) throw new UserError("model.weights", `The model lacks the weight "${name}"`);
  return tensor;
}
