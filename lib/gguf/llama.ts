// The configuration of a Llama-family decoder in a GGUF file's metadata, as Hugging Face's `config.json` states it.
// Nothing that changes a logit is ignored: a key that is not known here is refused.
import { UserError } from "../errors.ts";
import type { GgufHeader } from "./header.ts";
import { ggufError, type Metadata, type MetadataValue } from "./types.ts";

/** How an architecture's files differ. */
export interface Architecture {
  /** Whether the rows of q and k are in llama.cpp's order. */
  readonly permuted: boolean;
}

/** The architectures whose metadata and tensors are known. */
export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  llama: { permuted: true },
  qwen2: { permuted: false },
  qwen3: { permuted: false },
};

/** The error for a file whose model we do not compute. */
export function unsupported(path: string, what: string, hint?: string): UserError {
  return new UserError(
    "gguf.unsupported",
    `Cannot use "${path}": ${what}`,
    hint ?? "Decoders of the families Llama, Qwen2 and Qwen3 can be loaded; see docs/models.md",
  );
}

/** The name of a file's architecture and what is particular about it. @throws UserError `gguf.unsupported` */
export function architectureOf(path: string, metadata: Metadata): Architecture & { readonly name: string } {
  const name = metadata.get("general.architecture");
  if (typeof name !== "string") throw ggufError(path, "metadata", "its metadata has no general.architecture");
  const names = Object.keys(ARCHITECTURES);
  if (!Object.hasOwn(ARCHITECTURES, name)) {
    throw unsupported(path, `its architecture is ${JSON.stringify(name)}, and ${names.join(", ")} are known`);
  }
  return { name, ...ARCHITECTURES[name]! };
}

/** Keys after the architecture's name that say nothing about the model's function, or are checked elsewhere. */
const WITHOUT_EFFECT = ["vocab_size", "rope.scaling.original_context_length", "rope.scaling.finetuned"];

/**
 * The `config.json` of a decoder, with Hugging Face's keys.
 *
 * @throws UserError naming the key that is missing, malformed, or changes the model in a way that we do not compute
 */
export function configOf({ metadata, tensors }: GgufHeader, path: string, arch: string): Record<string, unknown> {
  const keys = ofArchitecture(metadata, arch);
  const { number, optional, same, unless } = reader(path, arch, keys);
  const heads = number("attention.head_count");
  const width = number("embedding_length");
  const headWidth = optional("attention.key_length") ?? width / heads;
  same("attention.value_length", headWidth);
  same("rope.dimension_count", headWidth);
  unless("expert_count", 0, "a mixture of experts");
  unless("expert_used_count", 0, "a mixture of experts");
  unless("use_parallel_residual", false, "parallel residual branches");
  unless("attention.causal", true, "attention that is not causal");
  unless("tensor_data_layout", "Meta AI original pth", "an unknown layout of its tensors");
  for (const key of ["logit_scale", "residual_scale", "embedding_scale"]) unless(key, 1, `the factor ${key}`);
  const context = number("context_length");
  const window = optional("attention.sliding_window");
  if (window !== undefined && window > 0 && window < context) {
    throw unsupported(path, `its attention has a sliding window of ${window} tokens, which is not computed`);
  }
  const embeddings = tensors.get("token_embd.weight");
  if (embeddings === undefined) throw ggufError(path, "tensor", 'it lacks the tensor "token_embd.weight"');
  const theta = optional("rope.freq_base") ?? 10_000;
  const config = {
    // These architectures have Hugging Face's names.
    model_type: arch,
    vocab_size: embeddings.shape[0],
    hidden_size: width,
    num_hidden_layers: number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: optional("attention.head_count_kv") ?? heads,
    head_dim: headWidth,
    intermediate_size: number("feed_forward_length"),
    max_position_embeddings: context,
    rms_norm_eps: number("attention.layer_norm_rms_epsilon"),
    rope_theta: theta,
    rope_parameters: { rope_theta: theta, ...ropeScaling(path, { optional, keys }) },
    // Every Qwen2 model has biases on q, k and v. Otherwise biases are there where their tensors are.
    ...(arch === "qwen2" ? {} : { attention_bias: tensors.has("blk.0.attn_q.bias") }),
    mlp_bias: tensors.has("blk.0.ffn_up.bias"),
    // A head of its own is a tensor; without it, the embeddings are used.
    tie_word_embeddings: !tensors.has("output.weight"),
  };
  for (const key of WITHOUT_EFFECT) keys.delete(key);
  const [unknown] = keys.keys();
  if (unknown === undefined) return config;
  throw unsupported(path, `its metadata has "${arch}.${unknown}", which may change the model and is not known`);
}

/** RoPE scaling in Hugging Face's words; as in llama.cpp, a factor without a type is linear, and 0 or 1 is none. */
function ropeScaling(
  path: string,
  { optional, keys }: Pick<Reader, "optional"> & { readonly keys: Map<string, MetadataValue> },
) {
  const type = keys.get("rope.scaling.type");
  const factor = optional("rope.scaling.factor") ?? optional("rope.scale_linear") ?? 1;
  keys.delete("rope.scaling.type");
  if (type === "none" || ((type === undefined || type === "linear") && (factor === 0 || factor === 1))) {
    return { rope_type: "default" };
  }
  const scaling = type ?? "linear";
  if (scaling === "linear") return { rope_type: scaling, factor };
  throw unsupported(path, `its rotary embedding has ${String(scaling)} scaling, which is not computed`);
}

function ofArchitecture(metadata: Metadata, arch: string): Map<string, MetadataValue> {
  const keys = new Map<string, MetadataValue>();
  for (const [key, value] of metadata) if (key.startsWith(`${arch}.`)) keys.set(key.slice(arch.length + 1), value);
  return keys;
}

interface Reader {
  /** The number at a key. */
  number(key: string): number;
  /** The number at a key that may be missing. */
  optional(key: string): number | undefined;
  /** Refuses another number at a key. */
  same(key: string, expected: number): void;
  /** Refuses another value at a key than the one that leaves the model a plain decoder. */
  unless(key: string, plain: MetadataValue, what: string): void;
}

/** Takes keys out of `keys` as they are read, so that those that nobody reads remain. */
function reader(path: string, arch: string, keys: Map<string, MetadataValue>): Reader {
  const optional = (key: string): number | undefined => {
    const value = oneOf(keys.get(key));
    keys.delete(key);
    if (value === undefined || typeof value === "number") return plainNumber(value);
    throw ggufError(path, "metadata", `its metadata "${arch}.${key}" is not one number for all layers`);
  };
  return {
    optional,
    number(key) {
      const value = optional(key);
      if (value !== undefined) return value;
      throw ggufError(path, "metadata", `its metadata has no "${arch}.${key}"`);
    },
    same(key, expected) {
      const value = optional(key) ?? expected;
      if (value === expected) return;
      throw unsupported(path, `its ${arch}.${key} is ${value}, not the width ${expected} of a head`);
    },
    unless(key, plain, what) {
      const value = keys.get(key) ?? plain;
      keys.delete(key);
      if (value === plain) return;
      throw unsupported(path, `it has ${what} ("${arch}.${key}" is ${String(value)}), which is not computed`);
    },
  };
}

/** The value that all layers share, where each layer lists its own. */
function oneOf(value: MetadataValue | undefined): MetadataValue | undefined {
  if (!Array.isArray(value) || value.length === 0) return value;
  return value.every((other) => other === value[0]) ? value[0] : value;
}

/** The shortest decimal with the same float32 value: 0.00001 for a stored 1e-5. */
function plainNumber(value: number | undefined): number | undefined {
  if (value === undefined || Number.isInteger(value)) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
