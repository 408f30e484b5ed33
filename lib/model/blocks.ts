// The two parts of a decoder layer as functions of their own weights: grouped-query attention and SwiGLU feed-forward.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { causalAttention, linear, rope, type RopeTable, swiglu } from "../tensor/mod.ts";
import type { KvCache } from "./cache.ts";
import type { ModelConfig } from "./config.ts";
import type { Weights } from "./weights.ts";

/**
 * Causal self-attention without norm and residual.
 *
 * @param prefix where its projections lie: `q_proj.weight`, `k_proj.weight`, `v_proj.weight`, `o_proj.weight`
 * @param x normed states, float32 `[B, T, d]`
 * @param pass.documents int32 `[B, T]`; attention stays within one document
 * @param cache extended in place at `layer`
 * @returns float32 `[B, T, d]`
 */
export function attention(
  config: ModelConfig,
  weights: Weights,
  prefix: string,
  x: tf.Tensor3D,
  pass: { readonly rope: RopeTable; readonly documents: tf.Tensor2D | undefined },
  layer: number,
  cache?: KvCache,
): tf.Tensor3D {
  const [B, T, d] = x.shape;
  const headSize = d / config.heads;
  const project = (name: string, count: number) =>
    linear(x, weight(weights, `${prefix}${name}.weight`)).reshape([B, T, count, headSize]) as tf.Tensor4D;
  const q = rope(project("q_proj", config.heads), pass.rope);
  const k = rope(project("k_proj", config.kvHeads), pass.rope);
  const v = project("v_proj", config.kvHeads);
  const past = cache?.append(layer, k, v);
  const attended = causalAttention(q, past?.k ?? k, past?.v ?? v, pass.documents).reshape([B, T, d]);
  return linear(attended, weight(weights, `${prefix}o_proj.weight`)) as tf.Tensor3D;
}

/**
 * The gated feed-forward without norm and residual.
 *
 * @param prefix where its projections lie: `gate_proj.weight`, `up_proj.weight`, `down_proj.weight`
 * @param x normed states, float32 `[..., d]`
 * @returns float32 `[..., d]`
 */
export function feedForward(weights: Weights, prefix: string, x: tf.Tensor): tf.Tensor {
  const project = (name: string, x: tf.Tensor) => linear(x, weight(weights, `${prefix}${name}.weight`));
  return project("down_proj", swiglu(project("gate_proj", x), project("up_proj", x)));
}

/** A weight by name; a model that lacks it is refused. */
export function weight(weights: Weights, name: string): tf.Tensor {
  const tensor = weights[name];
  if (tensor === undefined) throw new UserError("model.weights", `The model lacks the weight "${name}"`);
  return tensor;
}
