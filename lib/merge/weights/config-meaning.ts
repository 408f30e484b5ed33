// What a `config.json` says about the meaning of the weights, in one normal form for all ways of writing it.
import { ropeParameters } from "../../huggingface/mod.ts";
import { configDefaults } from "../inputs/config-defaults.ts";

/** A key's value: as stated, or the default of the model type. */
export interface Meaning {
  readonly value: unknown;
  readonly byDefault: boolean;
}

/** Separates a key from the layer type that its value is for. */
export const OF_LAYERS = " of ";

type Config = Readonly<Record<string, unknown>>;

/**
 * The settings of a `config.json` that determine what the weights compute, by key. Keys of parts have the part's name as a
 * prefix, as in `text_config.head_dim`. A key that is neither stated nor has a known default is not in the map.
 */
export function configMeaning(config: Config): ReadonlyMap<string, Meaning> {
  const kind = configDefaults(config.model_type);
  const meaning = new Map<string, Meaning>();
  for (const [key, value] of Object.entries(kind)) meaning.set(key, { value, byDefault: true });
  for (const [key, value] of Object.entries(config)) {
    if (isPart(key, value)) {
      for (const [inner, one] of configMeaning(value as Config)) meaning.set(`${key}.${inner}`, one);
    } else meaning.set(key, { value, byDefault: false });
  }
  for (const key of meaning.keys()) if (isWithoutMeaning(key)) meaning.delete(key);
  setHeads(config, kind, meaning);
  setActivation(kind, meaning);
  setRope(config, kind, meaning);
  setSlidingWindow(meaning);
  return meaning;
}

/** Whether a value describes a part of the model, such as `text_config`. */
function isPart(key: string, value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !WHOLE.includes(key) &&
    !isWithoutMeaning(key);
}

/** Objects that are compared as a whole. */
const WHOLE = ["rope_scaling", "rope_parameters", "quantization_config"];

/**
 * Keys that do not change what equal weights compute: names and versions, token ids, settings for training or generation,
 * sizes that the shapes of the weights show, and implementation choices. Whether the head is tied is read from the
 * weights instead.
 */
const WITHOUT_MEANING = [
  /^_/,
  /(^|_)(version|name_or_path)$/,
  /^(architectures|auto_map|custom_pipelines|license|language|model_name|name|tags)$/,
  /^unsloth_/,
  /^(torch_)?dtype$/,
  /^(torchscript|use_bfloat16|pruned_heads|tokenizer_class|prefix|return_dict|return_dict_in_generate)$/,
  /token_(id|ids|index)$|^(bos|eos|pad|unk|sep)_token$/,
  /^(id2label|label2id|num_labels|problem_type|finetuning_task|task_specific_params|classifier_\w+|summary_\w+)$/,
  /dropout|_pdrop$|layerdrop$|drop_path|initializer|^init_|_init(_std)?$|aux_loss|z_loss|jitter|gradient_checkpointing/,
  /^(output_\w+|use_cache|cache_implementation|num_logits_to_keep|chunk_size_feed_forward|pretraining_tp|ep_size|seq_aux)$/,
  /^(bad_words_ids|num_beams|num_beam_groups|do_sample|early_stopping|num_return_sequences|remove_invalid_values)$/,
  /^(temperature|top_k|top_p|typical_p|generation_config|max_new_tokens|(max|min)_length|\w*penalty)$/,
  /^(suppress_tokens|begin_suppress_tokens|\w*no_repeat_ngram_size)$/,
  /^(max_position_embeddings|model_max_length|max_seq(uence)?_len(gth)?|seq_length|n_positions|n_ctx)$/,
  /^(vocab_size|pad_vocab_size_multiple|pad_to_multiple_of|unpadded_vocab_size)$/,
  /attn_implementation|flash_attn|_kernels?$|use_mambapy|in_fp32$|upcast|^tensor_parallel/,
  /^tie_word_embeddings$/,
];

/** Whether a key changes nothing about what equal weights compute. */
export function isWithoutMeaning(key: string): boolean {
  return WITHOUT_MEANING.some((pattern) => pattern.test(key.slice(key.lastIndexOf(".") + 1)));
}

/** Derives the number of key-value heads and the head width if they are not stated. */
function setHeads(config: Config, kind: Config, meaning: Map<string, Meaning>): void {
  const { num_attention_heads: heads, hidden_size: width } = config;
  if (typeof heads !== "number") return;
  const set = (key: string, otherwise: unknown) => {
    // null means derived; a missing key has the default of the model type first.
    const value = key in config ? config[key] : kind[key];
    if (value !== undefined && value !== null) return;
    if (otherwise !== undefined) meaning.set(key, { value: otherwise, byDefault: true });
  };
  set("num_key_value_heads", heads);
  set("head_dim", typeof width === "number" ? width / heads : undefined);
}

/** Synonyms; the tanh approximations of GELU are one formula. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  swish: "silu",
  gelu_new: "gelu_pytorch_tanh",
  gelu_fast: "gelu_pytorch_tanh",
  gelu_pytorch_tanh: "gelu_pytorch_tanh",
};

function setActivation(kind: Config, meaning: Map<string, Meaning>): void {
  for (const key of ["hidden_act", "hidden_activation", "activation_function"]) {
    const found = meaning.get(key);
    if (found === undefined) continue;
    const value = found.value ?? kind[key] ?? null;
    meaning.set(key, { ...found, value: ACTIVATIONS[String(value)] ?? value });
  }
  // Gemma's files state both, and only hidden_activation is used.
  if ("hidden_activation" in kind) meaning.delete("hidden_act");
}

const ROPE_KEYS = [
  "rope_theta",
  "rope_scaling",
  "rope_parameters",
  "partial_rotary_factor",
  "rope_local_base_freq",
  "rotary_emb_base",
  "rotary_pct",
  "original_max_position_embeddings",
];

function setRope(config: Config, kind: Config, meaning: Map<string, Meaning>): void {
  const stated = ROPE_KEYS.some((key) => key in config);
  const known = "rope_theta" in kind;
  for (const key of ROPE_KEYS) meaning.delete(key);
  if (!stated && !known) return;
  const number = (key: string) => typeof kind[key] === "number" ? kind[key] : undefined;
  const defaults = {
    rope_theta: number("rope_theta") ?? 10_000,
    rope_local_base_freq: number("rope_local_base_freq"),
    partial_rotary_factor: number("partial_rotary_factor") ?? 1,
  };
  const ropes = JSON.stringify([config.rope_scaling, config.rope_parameters]);
  const states = (...keys: string[]) => keys.some((key) => key in config || ropes.includes(`"${key}":`));
  for (const [layers, { rope_type, rope_theta, partial_rotary_factor, scaling }] of ropeParameters(config, defaults)) {
    const set = (key: string, value: unknown, byDefault: boolean) => {
      meaning.set(layers === "" ? key : `${key}${OF_LAYERS}${layers}`, { value, byDefault });
    };
    set("rope_theta", rope_theta, !states("rope_theta", "rotary_emb_base", "rope_local_base_freq"));
    set("partial_rotary_factor", partial_rotary_factor, !states("partial_rotary_factor", "rotary_pct"));
    const plain = rope_type === "default" && Object.keys(scaling).length === 0;
    set("rope_scaling", plain ? null : { rope_type, ...scaling }, !states("rope_scaling", "rope_parameters"));
  }
}

/** If `use_sliding_window` is false, settings of the window are not used. */
function setSlidingWindow(meaning: Map<string, Meaning>): void {
  if (meaning.get("use_sliding_window")?.value !== false) return;
  for (const key of ["sliding_window", "max_window_layers"]) meaning.delete(key);
  const layers = meaning.get("layer_types");
  if (!Array.isArray(layers?.value)) return;
  const value = layers.value.map((layer) => layer === "sliding_attention" ? "full_attention" : layer);
  meaning.set("layer_types", { ...layers, value });
}
