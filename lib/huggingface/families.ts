// The families of models that the decoder computes, and the keys of a `config.json` that would change what they compute.
import type { Family } from "../model/mod.ts";

/** A family's name for its language models, and what transformers takes a key for that is missing. */
interface FamilyOfModels {
  readonly architecture: string;
  readonly defaults: Readonly<Record<string, unknown>>;
}

/** By `model_type`. */
export const FAMILIES: Readonly<Record<Family, FamilyOfModels>> = {
  llama: { architecture: "LlamaForCausalLM", defaults: {} },
  mistral: { architecture: "MistralForCausalLM", defaults: { num_key_value_heads: 8, sliding_window: 4096 } },
  qwen2: {
    architecture: "Qwen2ForCausalLM",
    defaults: { num_key_value_heads: 32, sliding_window: 4096, max_window_layers: 28 },
  },
  qwen3: {
    architecture: "Qwen3ForCausalLM",
    defaults: { num_key_value_heads: 32, head_dim: 128, sliding_window: 4096, max_window_layers: 28 },
  },
};

/** Values with which a key of other models changes nothing. */
type Neutral = readonly unknown[];

/** Keys of other models that would change the logits, beside null and empty values. */
const OTHERS: Readonly<Record<string, Neutral>> = {
  // Parts of the rotary embedding, or layers without one.
  rotary_pct: [1],
  rope_interleaved: [false],
  rope_local_base_freq: [],
  no_rope_layers: [],
  no_rope_layer_interval: [],
  use_mrope: [false],
  // Attention.
  attn_logit_softcapping: [],
  query_pre_attn_scalar: [],
  attention_multiplier: [],
  attention_chunk_size: [],
  clip_qkv: [],
  qk_layernorm: [false],
  use_qk_norm: [false],
  qk_norm: [false],
  is_causal: [true],
  kv_lora_rank: [],
  // Factors of the stream and of the logits.
  final_logit_softcapping: [],
  logit_softcapping: [],
  logits_scaling: [1],
  logit_scale: [1],
  embedding_multiplier: [1],
  residual_multiplier: [1],
  lm_head_multiplier: [1],
  scale_emb: [1],
  scale_depth: [],
  dim_model_base: [],
  // Experts.
  num_experts: [0],
  num_local_experts: [0, 1],
  n_routed_experts: [0],
  // Other kinds of blocks.
  parallel_attn: [false],
  use_parallel_residual: [false],
  is_encoder_decoder: [false],
  add_cross_attention: [false],
  pruned_heads: [],
  // Weights that are stored quantized.
  quantization_config: [],
  compression_config: [],
};

/** Keys that a family's model does not read, beside those: a value that would change the model is refused. */
const OF_FAMILY: Readonly<Record<Family, Readonly<Record<string, Neutral>>>> = {
  llama: { sliding_window: [0], use_sliding_window: [false] },
  mistral: { attention_bias: [false], mlp_bias: [false], use_sliding_window: [true] },
  // Every Qwen2 model has biases on q, k and v, whatever the file says.
  qwen2: { attention_bias: [true], mlp_bias: [false] },
  qwen3: { mlp_bias: [false] },
};

/** What is wrong with a key that this family's decoder does not compute; undefined if there is none. */
export function refusedKey(family: Family, config: Readonly<Record<string, unknown>>): string | undefined {
  for (const [key, neutral] of Object.entries({ ...OTHERS, ...OF_FAMILY[family] })) {
    const value = config[key];
    if (isEmpty(value) || neutral.includes(value)) continue;
    const without = neutral.length > 0 ? ` (only ${neutral.map((value) => JSON.stringify(value)).join(" or ")})` : "";
    return `${key} is ${shown(value)}, which is not computed for ${family}${without}`;
  }
  return undefined;
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
