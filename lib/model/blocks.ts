// The two blocks of a decoder layer, without their norms: grouped-query attention and the SwiGLU feed-forward.
import type * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { addLinear, causalAttention, inShape, linear, linears, rope, type RopeTable, swiglu } from "../tensor/mod.ts";
import type { KvCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { Weights } from "./weights.ts";

/**
 * Causal self-attention.
 *
 * @param prefix of the weights' names: `q_proj.weight`, `k_proj.weight`, `v_proj.weight`, `o_proj.weight`
 * @param x normalized states, float32 `[B, T, d]`, or their rows as `[B·T, d]` or `[models, B/models·T, d]`
 * @param pass.rope the RoPE table of T positions
 * @param pass.documents int32 `[B, T]`; attention stays within one document
 * @param cache extended in place at `layer`
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
  cache?: KvCache,
  residual?: T,
): T {
  const d = x.shape.at(-1)!;
  const time = pass.rope.cos.shape[0];
  const batch = x.size / d / time;
  const headSize = d / config.heads;
  const w = (name: string) => weight(weights, `${prefix}${name}.weight`);
  const projected = linears(x, [w("q_proj"), w("k_proj"), w("v_proj")]);
  const [queries, keys, v] = projected.map((y) => inShape(y, [batch, time, -1, headSize])) as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const q = rope(queries, pass.rope);
  const k = rope(keys, pass.rope);
  const past = cache?.append(layer, k, v);
  const attended = causalAttention(q, past?.k ?? k, past?.v ?? v, pass.documents);
  return mapAndAdd(inShape(attended, x.shape), w("o_proj"), residual) as T;
}

/**
 * The gated feed-forward.
 *
 * @param prefix of the weights' names: `gate_proj.weight`, `up_proj.weight`, `down_proj.weight`
 * @param x normalized states, float32 `[..., d]`
 * @param residual the residual stream that the result is added to, float32 like x
 * @returns float32 `[..., d]`
 */
export function feedForward(weights: Weights, prefix: string, x: tf.Tensor, residual?: tf.Tensor): tf.Tensor {
  const w = (name: string) => weight(weights, `${prefix}${name}.weight`);
  const [gate, up] = linears(x, [w("gate_proj"), w("up_proj")]) as [tf.Tensor, tf.Tensor];
  return mapAndAdd(swiglu(gate, up), w("down_proj"), residual);
}

function mapAndAdd(x: tf.Tensor, w: tf.Tensor, residual: tf.Tensor | undefined): tf.Tensor {
  return residual === undefined ? linear(x, w) : addLinear(residual, x, w);
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
