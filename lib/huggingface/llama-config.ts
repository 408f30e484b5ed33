// The Llama decoder's configuration as Hugging Face's `config.json` says it, and back.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type ModelConfig, modelConfigSchema } from "../model/mod.ts";

const positive = z.int().positive();

/** The keys of `config.json` that decide what the model computes; the many others are ignored. */
const huggingFaceSchema = z.object({
  model_type: z.literal("llama"),
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.optional(),
  head_dim: positive.nullish(),
  intermediate_size: positive,
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.literal("silu").default("silu"),
  attention_bias: z.literal(false).default(false),
  mlp_bias: z.literal(false).default(false),
  // Up to version 4 of transformers the frequency stood at the top, since version 5 it is a parameter of RoPE.
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.object({ rope_type: z.literal("default").optional(), type: z.literal("default").optional() })
    .nullish(),
  rope_parameters: z.object({
    rope_type: z.literal("default").default("default"),
    rope_theta: z.number().positive().optional(),
  }).nullish(),
});

/** What `tokenizer.json`'s special token is called in `config.json`: its id. */
export interface SpecialTokens {
  /** Id of `<|endoftext|>`, which begins and ends every document. */
  readonly endOfText?: number | undefined;
}

/** `config.json` of a `LlamaForCausalLM`, readable by versions 4 and 5 of Python's transformers. */
export function toHuggingFaceConfig(config: ModelConfig, { endOfText }: SpecialTokens = {}): Record<string, unknown> {
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
    bos_token_id: endOfText ?? null,
    eos_token_id: endOfText ?? null,
    pad_token_id: null,
    torch_dtype: "float32",
    use_cache: true,
  };
}

/**
 * The configuration that a `config.json` describes.
 *
 * @param path of the file, for errors
 * @throws UserError when it describes another kind of model, or one that this decoder does not compute
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
  if (headWidth % 2 !== 0) throw configError(path, `the width of a head, ${headWidth}, is odd, and RoPE rotates pairs`);
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
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
    normEps: config.rms_norm_eps,
    tiedEmbeddings: config.tie_word_embeddings,
  });
  if (!result.success) throw configError(path, firstIssue(result.error));
  return result.data;
}

function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return path.length > 0 ? `${path.join(".")}: ${message}` : message;
}

function configError(path: string, what: string): UserError {
  return new UserError(
    "model.bad-config",
    `Cannot use "${path}": ${what}`,
    "A model folder holds a plain Llama decoder: model_type llama, silu, no biases, no RoPE scaling",
  );
}
