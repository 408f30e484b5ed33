// The shape of a decoder of the Llama family: Llama (arXiv 2307.09288, 2407.21783), Mistral (2310.06825), Qwen2 (2407.10671)
// and Qwen3 (2505.09388).
import { z } from "zod";
import { UserError } from "../errors.ts";
import { ropeScalingSchema } from "./rope-scaling.ts";
import type { ModelConfigSchema } from "./inferred-types.ts";

/** The shape of a decoder. */
export const modelConfigSchema: ModelConfigSchema = z.strictObject({
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
  // Absent in plain decoders, so that their configurations, and with them the keys of finished work, stay as they are.
  headSize: z.int().min(2).max(65_536).optional().describe("size of an attention head, by default width / heads"),
  attentionBias: z.enum(["qkv", "all"]).optional().describe("biases on q, k, v (Qwen2), or also on the output"),
  mlpBias: z.boolean().optional().describe("biases on the feed-forward's projections"),
  qkNorm: z.boolean().optional().describe("RMSNorm on each head of q and k (Qwen3)"),
  slidingWindow: z.int().min(1).max(1_048_576).optional()
    .describe("tokens that a position attends to, itself included; all by default"),
  fullLayers: z.int().min(1).max(1_000).optional().describe("first layers that the sliding window leaves out (Qwen2)"),
  ropeScaling: ropeScalingSchema.optional().describe("scaling of the rotary embedding's frequencies"),
});

export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** The size of an attention head. */
export function headSizeOf({ headSize, width, heads }: Pick<ModelConfig, "headSize" | "width" | "heads">): number {
  return headSize ?? width / heads;
}

/**
 * Returns `config` if its sizes fit together.
 *
 * @throws UserError `model.shape` when the size of a head is not a whole, even number, kvHeads does not divide heads, or
 *   no family has this combination of biases and norms
 */
export function checkModelConfig(config: ModelConfig): ModelConfig {
  const { width, heads, kvHeads } = config;
  if (headSizeOf(config) % 2 !== 0) {
    throw new UserError(
      "model.shape",
      config.headSize === undefined
        ? `Cannot split model.width ${width} into ${heads} heads: width / heads must be a whole, even number`
        : `Cannot rotate heads of the size ${config.headSize}: model.headSize must be even`,
    );
  }
  if (heads % kvHeads !== 0) {
    throw new UserError(
      "model.shape",
      `Cannot share ${kvHeads} key-value heads among ${heads} heads: model.heads must be a multiple of model.kvHeads`,
    );
  }
  familyOf(config);
  return config;
}

/** The families of models, by Hugging Face's `model_type`. */
export type Family = "llama" | "mistral" | "qwen2" | "qwen3";

/**
 * The family that has such models.
 *
 * @throws UserError `model.shape` when none has this combination of biases, norms and sliding window
 */
export function familyOf({ qkNorm, attentionBias, mlpBias, slidingWindow, fullLayers }: ModelConfig): Family {
  const qwen = qkNorm === true ? "qwen3" : attentionBias === "qkv" ? "qwen2" : undefined;
  const biased = attentionBias === "all" || mlpBias === true;
  const family = qwen ?? (slidingWindow === undefined ? "llama" : "mistral");
  const refused = [
    qkNorm === true && attentionBias === "qkv" && "model.qkNorm with model.attentionBias=qkv",
    qwen !== undefined && mlpBias === true && "model.mlpBias with the biases or norms of Qwen",
    family === "mistral" && biased && "model.slidingWindow with biases on every projection",
    fullLayers !== undefined && (qwen === undefined || slidingWindow === undefined) &&
    "model.fullLayers without a sliding window and the biases or norms of Qwen",
  ].find((what) => what !== false);
  if (refused === undefined) return family;
  throw new UserError(
    "model.shape",
    `Cannot combine ${refused}: no family of models has them together`,
    "Llama has attentionBias=all and mlpBias; Mistral slidingWindow; Qwen2 attentionBias=qkv, slidingWindow and " +
      "fullLayers; Qwen3 qkNorm, attentionBias=all, slidingWindow and fullLayers",
  );
}

/** The sliding window of a layer (from 0); undefined if it attends to all earlier tokens. */
export function windowOf({ slidingWindow, fullLayers = 0 }: ModelConfig, layer: number): number | undefined {
  return layer < fullLayers ? undefined : slidingWindow;
}

/**
 * Names and shapes of the parameters of one decoder layer, after `model.layers.N.`, in a fixed order. Everything that
 * counts, checks, draws, merges or mixes parameters follows this list.
 */
export function layerShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const { width: d, heads, kvHeads, inner, attentionBias, mlpBias = false, qkNorm = false } = config;
  const size = headSizeOf(config);
  const shapes = new Map<string, readonly number[]>();
  const projection = (name: string, rows: number, columns: number, bias: boolean) => {
    shapes.set(`${name}.weight`, [rows, columns]);
    if (bias) shapes.set(`${name}.bias`, [rows]);
  };
  shapes.set("input_layernorm.weight", [d]);
  projection("self_attn.q_proj", heads * size, d, attentionBias !== undefined);
  projection("self_attn.k_proj", kvHeads * size, d, attentionBias !== undefined);
  projection("self_attn.v_proj", kvHeads * size, d, attentionBias !== undefined);
  projection("self_attn.o_proj", d, heads * size, attentionBias === "all");
  if (qkNorm) { for (const name of ["q_norm", "k_norm"]) shapes.set(`self_attn.${name}.weight`, [size]); }
  shapes.set("post_attention_layernorm.weight", [d]);
  projection("mlp.gate_proj", inner, d, mlpBias);
  projection("mlp.up_proj", inner, d, mlpBias);
  projection("mlp.down_proj", d, inner, mlpBias);
  return shapes;
}

/** Names and shapes of all weights, as Hugging Face names them, in a fixed order. */
export function weightShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const { vocabSize, width: d, layers, tiedEmbeddings } = config;
  const shapes = new Map<string, readonly number[]>([["model.embed_tokens.weight", [vocabSize, d]]]);
  const ofLayer = layerShapes(config);
  for (let layer = 0; layer < layers; layer++) {
    for (const [name, shape] of ofLayer) shapes.set(`model.layers.${layer}.${name}`, shape);
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

/** FLOPs of the products with the matrices of one layer, for one token: two per multiply-add. */
export function layerProductFlops(config: ModelConfig): { readonly attention: number; readonly feedForward: number } {
  const flops = { attention: 0, feedForward: 0 };
  for (const [name, [rows, columns]] of layerShapes(config)) {
    if (columns !== undefined) flops[name.startsWith("mlp.") ? "feedForward" : "attention"] += 2 * rows! * columns;
  }
  return flops;
}

/**
 * The positions that a token attends to, on average over the context and the layers: half the context, or less with a
 * sliding window.
 */
export function meanKeys(config: ModelConfig): number {
  const { contextLength: time, layers } = config;
  let sum = 0;
  for (let layer = 0; layer < layers; layer++) {
    const window = Math.min(windowOf(config, layer) ?? time, time);
    sum += window - window ** 2 / (2 * time);
  }
  return sum / layers;
}

/**
 * FLOPs of the forward pass for one token: two per multiply-add of every matrix product, including the head, and of
 * attention over `keys` positions.
 */
export function forwardFlops(config: ModelConfig, keys: number = meanKeys(config)): number {
  const { vocabSize, width, layers, heads } = config;
  const { attention, feedForward } = layerProductFlops(config);
  const layer = attention + feedForward + 4 * keys * heads * headSizeOf(config);
  return layers * layer + 2 * width * vocabSize;
}
