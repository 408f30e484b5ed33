// The shape of a Llama decoder (arXiv 2307.09288, 2407.21783).
import { z } from "zod";
import { UserError } from "../errors.ts";

/** The shape of a decoder. */
export const modelConfigSchema = z.strictObject({
  vocabSize: z.int().min(1).max(1_000_000).default(2048).describe("tokens in the vocabulary"),
  width: z.int().min(1).max(65_536).default(128).describe("d, the width of the residual stream"),
  layers: z.int().min(1).max(1_000).default(4).describe("L, decoder layers"),
  heads: z.int().min(1).max(1_024).default(4).describe("attention heads; divides width"),
  kvHeads: z.int().min(1).max(1_024).default(4).describe("key-value heads (grouped-query attention); divides heads"),
  inner: z.int().min(1).max(262_144).default(344).describe("inner width of the SwiGLU feed-forward"),
  contextLength: z.int().min(2).max(1_048_576).default(128).describe("T, tokens in a training sequence"),
  ropeTheta: z.number().positive().max(1e12).default(10_000).describe("base of the rotary embedding's wavelengths"),
  normEps: z.number().positive().max(1).default(1e-5).describe("epsilon of RMSNorm"),
  tiedEmbeddings: z.boolean().default(true).describe("whether the head uses the embedding table"),
});

export type ModelConfig = z.infer<typeof modelConfigSchema>;

/**
 * Returns `config` if its numbers of heads fit.
 *
 * @throws UserError `model.shape` when width / heads is not a whole, even number, or kvHeads does not divide heads
 */
export function checkModelConfig(config: ModelConfig): ModelConfig {
  const { width, heads, kvHeads } = config;
  if (width % heads !== 0 || (width / heads) % 2 !== 0) {
    throw new UserError(
      "model.shape",
      `Cannot split model.width ${width} into ${heads} heads: width / heads must be a whole, even number`,
    );
  }
  if (heads % kvHeads !== 0) {
    throw new UserError(
      "model.shape",
      `Cannot share ${kvHeads} key-value heads among ${heads} heads: model.heads must be a multiple of model.kvHeads`,
    );
  }
  return config;
}

/** Names and shapes of all weights, as Hugging Face names them, in a fixed order. */
export function weightShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const { vocabSize, width: d, layers, heads, kvHeads, inner, tiedEmbeddings } = config;
  const kvWidth = (d / heads) * kvHeads;
  const shapes = new Map<string, readonly number[]>([["model.embed_tokens.weight", [vocabSize, d]]]);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    shapes.set(prefix + "input_layernorm.weight", [d]);
    shapes.set(prefix + "self_attn.q_proj.weight", [d, d]);
    shapes.set(prefix + "self_attn.k_proj.weight", [kvWidth, d]);
    shapes.set(prefix + "self_attn.v_proj.weight", [kvWidth, d]);
    shapes.set(prefix + "self_attn.o_proj.weight", [d, d]);
    shapes.set(prefix + "post_attention_layernorm.weight", [d]);
    shapes.set(prefix + "mlp.gate_proj.weight", [inner, d]);
    shapes.set(prefix + "mlp.up_proj.weight", [inner, d]);
    shapes.set(prefix + "mlp.down_proj.weight", [d, inner]);
  }
  shapes.set("model.norm.weight", [d]);
  if (!tiedEmbeddings) shapes.set("lm_head.weight", [vocabSize, d]);
  return shapes;
}

/**
 * Number of parameters of a decoder.
 *
 * @example
 * ```ts
 * import { modelConfigSchema, parameterCount } from "@stitchbook/stitchbook/model";
 * import assert from "node:assert/strict";
 *
 * const config = modelConfigSchema.parse({ vocabSize: 1000, width: 64, layers: 2, heads: 4, kvHeads: 4, inner: 128 });
 * const attention = 4 * 64 * 64, feedForward = 3 * 64 * 128, norms = 2 * 64;
 * assert.equal(parameterCount(config), 1000 * 64 + 2 * (attention + feedForward + norms) + 64);
 * ```
 */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const shape of weightShapes(config).values()) count += shape.reduce((a, b) => a * b, 1);
  return count;
}

/**
 * FLOPs of the forward pass for one token: two per multiply-add of every matrix product, including the head, and of
 * attention over `keys` positions.
 */
export function forwardFlops(config: ModelConfig, keys = config.contextLength / 2): number {
  const { vocabSize, width: d, layers, heads, kvHeads, inner } = config;
  const kvWidth = (d / heads) * kvHeads;
  const layer = 2 * (2 * d * d + 2 * d * kvWidth + 3 * d * inner) + 4 * keys * d;
  return layers * layer + 2 * d * vocabSize;
}
