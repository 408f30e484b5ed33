// Converts the Llama decoder's configuration from and to Hugging Face's `config.json`.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type ModelConfig, modelConfigSchema } from "../model/mod.ts";
import { ropeParameters } from "./rope.ts";

const positive = z.int().positive();
const off = z.literal(false).nullish();
const rope = z.looseObject({
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
}).nullish();

/** The keys of `config.json` that determine what the model computes; others are ignored. */
const huggingFaceSchema = z.looseObject({
  model_type: z.literal("llama"),
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  intermediate_size: positive,
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  // Two names for one function.
  hidden_act: z.enum(["silu", "swish"]).nullish(),
  attention_bias: off,
  mlp_bias: off,
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
  rope_scaling: rope,
  rope_parameters: rope,
});

/** Ids of the tokens that begin and end a text and fill a batch. */
export interface SpecialIds {
  readonly bos?: number;
  readonly eos?: number;
  readonly pad?: number;
}

/** The `config.json` of a `LlamaForCausalLM`, for versions 4 and 5 of Python's transformers. */
export function toHuggingFaceConfig(config: ModelConfig, { bos, eos }: SpecialIds = {}): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.width / config.heads,
    intermediate_size: config.inner,
    max_position_embeddings: config.contextLength,
    rope_theta: config.ropeTheta,
    rope_parameters: { rope_type: "default", rope_theta: config.ropeTheta },
    rms_norm_eps: config.normEps,
    tie_word_embeddings: config.tiedEmbeddings,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    bos_token_id: bos ?? null,
    eos_token_id: eos ?? null,
    pad_token_id: null,
    torch_dtype: "float32",
    use_cache: true,
  };
}

/**
 * The configuration that a `config.json` describes.
 *
 * @param path path of the file, for error messages
 * @throws UserError when it describes a model that this decoder cannot compute
 */
export function fromHuggingFaceConfig(value: unknown, path = "config.json"): ModelConfig {
  const parsed = huggingFaceSchema.safeParse(value);
  if (!parsed.success) throw configError(path, firstIssue(parsed.error));
  const config = parsed.data;
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (config.hidden_size % heads !== 0) {
    throw configError(path, `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}`);
  }
  if (heads % kvHeads !== 0) {
    throw configError(path, `num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const headWidth = config.hidden_size / heads;
  if (headWidth % 2 !== 0) throw configError(path, `the head width ${headWidth} is odd, but RoPE rotates pairs`);
  if ((config.head_dim ?? headWidth) !== headWidth) {
    throw configError(path, `head_dim ${config.head_dim} is not hidden_size / num_attention_heads = ${headWidth}`);
  }
  const result = modelConfigSchema.safeParse({
    vocabSize: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    inner: config.intermediate_size,
    contextLength: config.max_position_embeddings,
    ropeTheta: plainRopeTheta(config, path),
    normEps: config.rms_norm_eps ?? 1e-6,
    tiedEmbeddings: config.tie_word_embeddings ?? false,
  });
  if (!result.success) throw configError(path, firstIssue(result.error));
  return result.data;
}

/** The base frequency of an unscaled rotary embedding. */
function plainRopeTheta(config: z.infer<typeof huggingFaceSchema>, path: string): number {
  const ropes = ropeParameters(config, { rope_theta: 10_000 });
  const { rope_type, rope_theta, scaling } = ropes.get("") ?? {};
  const plain = ropes.size === 1 && rope_type === "default" && Object.keys(scaling!).length === 0;
  if (plain) return rope_theta!;
  const key = Object.keys(config.rope_scaling ?? {}).length > 0 ? "rope_scaling" : "rope_parameters";
  throw configError(path, `${key} ${JSON.stringify(config[key])} is not a plain rotary embedding`);
}

function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return path.length > 0 ? `${path.join(".")}: ${message}` : message;
}

function configError(path: string, what: string): UserError {
  return new UserError(
    "model.bad-config",
    `Cannot use "${path}": ${what}`,
    "Only plain Llama decoders can be loaded: model_type llama, silu, no biases, no RoPE scaling",
  );
}
