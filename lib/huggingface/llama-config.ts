// Converts the decoder's configuration from and to Hugging Face's `config.json`.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { checkModelConfig, type Family, familyOf, type ModelConfig, modelConfigSchema } from "../model/mod.ts";
import { TORCH_DTYPES, type WeightDtype } from "./dtypes.ts";
import { FAMILIES, refusedKey } from "./families.ts";
import { ropeScaling, writtenRope } from "./rope-config.ts";

const positive = z.int().positive();
const flag = z.boolean().nullish();
const rope = z.looseObject({
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
}).nullish();

/** The keys of `config.json` that determine what the model computes. */
const huggingFaceSchema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  intermediate_size: positive,
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().nullish(),
  tie_word_embeddings: flag,
  // Two names for one function.
  hidden_act: z.enum(["silu", "swish"]).nullish(),
  attention_bias: flag,
  mlp_bias: flag,
  sliding_window: z.int().nonnegative().nullish(),
  use_sliding_window: flag,
  max_window_layers: z.int().nonnegative().nullish(),
  layer_types: z.array(z.string()).nullish(),
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

type Parsed = z.infer<typeof huggingFaceSchema>;

/** The `config.json` of the family that has such models, for versions 4 and 5 of Python's transformers. */
export function toHuggingFaceConfig(
  config: ModelConfig,
  { bos, eos }: SpecialIds = {},
  dtype: WeightDtype = "F32",
): Record<string, unknown> {
  const family = familyOf(config);
  const scaling = config.ropeScaling;
  return {
    architectures: [FAMILIES[family].architecture],
    model_type: family,
    vocab_size: config.vocabSize,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headSize ?? config.width / config.heads,
    intermediate_size: config.inner,
    // What `dynamic` scaling calls original is the only context length in its formula.
    max_position_embeddings: scaling?.type === "dynamic" ? scaling.originalContext : config.contextLength,
    rope_theta: config.ropeTheta,
    ...writtenRope(config),
    rms_norm_eps: config.normEps,
    tie_word_embeddings: config.tiedEmbeddings,
    hidden_act: "silu",
    ...ofFamily(family, config),
    attention_dropout: 0,
    bos_token_id: bos ?? null,
    eos_token_id: eos ?? null,
    pad_token_id: null,
    torch_dtype: TORCH_DTYPES[dtype],
    use_cache: true,
  };
}

/** The keys that only some families have. */
function ofFamily(family: Family, { attentionBias, mlpBias = false, ...config }: ModelConfig) {
  if (family === "llama") return { attention_bias: attentionBias === "all", mlp_bias: mlpBias };
  if (family === "mistral") return { sliding_window: config.slidingWindow };
  return {
    ...(family === "qwen3" ? { attention_bias: attentionBias === "all" } : {}),
    use_sliding_window: config.slidingWindow !== undefined,
    sliding_window: config.slidingWindow ?? null,
    max_window_layers: config.slidingWindow === undefined ? config.layers : config.fullLayers ?? 0,
  };
}

/**
 * The configuration that a `config.json` describes.
 *
 * @param path path of the file, for error messages
 * @throws UserError `model.bad-config` when it describes a model that this decoder cannot compute, naming the key
 */
export function fromHuggingFaceConfig(value: unknown, path = "config.json"): ModelConfig {
  const refuse = (what: string): never => {
    throw configError(path, what);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("it is not a JSON object");
  const type = "model_type" in value ? value.model_type : undefined;
  const names = Object.keys(FAMILIES);
  if (typeof type !== "string" || !Object.hasOwn(FAMILIES, type)) {
    return refuse(`model_type is ${JSON.stringify(type)}, and ${names.join(", ")} are supported`);
  }
  const family = type as Family;
  const { architecture, defaults } = FAMILIES[family];
  const parsed = huggingFaceSchema.safeParse({ ...defaults, ...value });
  if (!parsed.success) return refuse(firstIssue(parsed.error));
  const config = parsed.data;
  const other = config.architectures?.find((name) => name !== architecture);
  if (other !== undefined) refuse(`architectures has ${JSON.stringify(other)}, and ${architecture} is supported`);
  const refused = refusedKey(family, config);
  if (refused !== undefined) refuse(refused);
  const result = modelConfigSchema.safeParse(meaningOf(family, config, refuse));
  if (!result.success) return refuse(firstIssue(result.error));
  return checkModelConfig(result.data);
}

/** The configuration, without the keys that a plain decoder does not have. */
function meaningOf(family: Family, config: Parsed, refuse: (what: string) => never): Record<string, unknown> {
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) {
    refuse(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`);
  }
  const usual = config.hidden_size / heads;
  if (config.head_dim === undefined || config.head_dim === null) {
    if (!Number.isInteger(usual)) {
      refuse(
        `hidden_size ${config.hidden_size} is not a multiple of num_attention_heads ${heads}, and head_dim is missing`,
      );
    }
  }
  const headSize = config.head_dim ?? usual;
  if (headSize % 2 !== 0) refuse(`the head width ${headSize} is odd, but RoPE rotates pairs`);
  const { ropeTheta, scaling, contextFactor } = ropeScaling(config, refuse);
  return {
    vocabSize: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    inner: config.intermediate_size,
    contextLength: Math.floor(config.max_position_embeddings * contextFactor),
    ropeTheta,
    normEps: config.rms_norm_eps ?? 1e-6,
    tiedEmbeddings: config.tie_word_embeddings ?? false,
    ...(headSize === usual ? {} : { headSize }),
    ...biasesAndNorms(family, config),
    ...window(family, config, refuse),
    ...(scaling === undefined ? {} : { ropeScaling: scaling }),
  };
}

function biasesAndNorms(family: Family, { attention_bias, mlp_bias }: Parsed) {
  const attentionBias = family === "qwen2" ? "qkv" : attention_bias === true ? "all" : undefined;
  return {
    ...(attentionBias === undefined ? {} : { attentionBias }),
    ...(mlp_bias === true ? { mlpBias: true } : {}),
    ...(family === "qwen3" ? { qkNorm: true } : {}),
  };
}

/** The sliding window and the layers that it leaves out. */
function window(family: Family, config: Parsed, refuse: (what: string) => never) {
  const { sliding_window: size, use_sliding_window, max_window_layers, num_hidden_layers: layers, layer_types } =
    config;
  const used = family === "mistral" || (family !== "llama" && use_sliding_window === true);
  const on = used && typeof size === "number" && size > 0;
  const first = family === "mistral" ? 0 : max_window_layers ?? 0;
  const full = on ? Math.min(layer_types ? fullOnes(layer_types, layers, refuse) : first, layers) : layers;
  if (!on && layer_types?.some((type) => type !== "full_attention") === true) {
    refuse(`layer_types has ${JSON.stringify(layer_types.find((type) => type !== "full_attention"))} without a window`);
  }
  if (full === layers) return {};
  if (family === "mistral" && full > 0) refuse("layer_types has layers without the sliding window, unlike Mistral");
  return { slidingWindow: size, ...(full > 0 ? { fullLayers: full } : {}) };
}

/** The number of first layers with full attention, where all others have a sliding window. */
function fullOnes(types: readonly string[], layers: number, refuse: (what: string) => never): number {
  const full = types.findIndex((type) => type !== "full_attention");
  if (types.length !== layers) refuse(`layer_types has ${types.length} entries for ${layers} layers`);
  if (full === -1) return layers;
  const odd = types.slice(full).find((type) => type !== "sliding_attention");
  if (odd !== undefined) {
    refuse(
      `layer_types has ${JSON.stringify(odd)} after ${JSON.stringify(types[full])}, and only full_attention layers ` +
        "followed by sliding_attention layers are supported",
    );
  }
  return full;
}

function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return path.length > 0 ? `${path.join(".")}: ${message}` : message;
}

function configError(path: string, what: string): UserError {
  return new UserError(
    "model.bad-config",
    `Cannot use "${path}": ${what}`,
    "Decoders of the families Llama, Mistral, Qwen2 and Qwen3 can be loaded, with silu; see docs/models.md",
  );
}
