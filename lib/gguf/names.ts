// The tensors of Llama-family decoders: their names in GGUF and in Hugging Face's folders, and the order of rows.
import type { ModelConfig } from "../model/mod.ts";

/** The tensor with Llama 3's scaling of frequencies: a divisor for each pair of rows of a head. */
export const ROPE_FACTORS = "rope_freqs.weight";

/** Names outside of the layers: GGUF's and Hugging Face's. */
const GLOBAL: Readonly<Record<string, string>> = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

/** Parts of a layer, after `blk.N.` and `model.layers.N.`; projections may have biases. */
const PROJECTIONS: Readonly<Record<string, string>> = {
  "attn_q": "self_attn.q_proj",
  "attn_k": "self_attn.k_proj",
  "attn_v": "self_attn.v_proj",
  "attn_output": "self_attn.o_proj",
  "ffn_gate": "mlp.gate_proj",
  "ffn_up": "mlp.up_proj",
  "ffn_down": "mlp.down_proj",
};
const NORMS: Readonly<Record<string, string>> = {
  "attn_norm": "input_layernorm",
  "attn_q_norm": "self_attn.q_norm",
  "attn_k_norm": "self_attn.k_norm",
  "ffn_norm": "post_attention_layernorm",
};

const ending = (table: Readonly<Record<string, string>>, end: string) =>
  Object.fromEntries(Object.entries(table).map(([a, b]) => [a + end, b + end]));
const IN_LAYER: Readonly<Record<string, string>> = {
  ...ending(PROJECTIONS, ".weight"),
  ...ending(PROJECTIONS, ".bias"),
  ...ending(NORMS, ".weight"),
};

const inverse = (table: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(table).map(([a, b]) => [b, a]));
const GLOBAL_BACK = inverse(GLOBAL);
const IN_LAYER_BACK = inverse(IN_LAYER);

/** Hugging Face's name of a tensor of a GGUF file; undefined for one that our decoders do not have. */
export function fromGgufName(name: string): string | undefined {
  const [, layer, rest] = /^blk\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (layer === undefined) return Object.hasOwn(GLOBAL, name) ? GLOBAL[name] : undefined;
  return Object.hasOwn(IN_LAYER, rest!) ? `model.layers.${layer}.${IN_LAYER[rest!]}` : undefined;
}

/** GGUF's name of a decoder's weight. */
export function toGgufName(name: string): string {
  const [, layer, rest] = /^model\.layers\.(\d+)\.(.+)$/.exec(name) ?? [];
  const found = layer === undefined ? GLOBAL_BACK[name] : IN_LAYER_BACK[rest!];
  if (found === undefined) throw new TypeError(`The weight ${JSON.stringify(name)} has no name in GGUF`);
  return layer === undefined ? found : `blk.${layer}.${found}`;
}

/** What a tensor is that our decoders do not have, for error messages. */
export function unknownTensor(name: string): string {
  if (name.endsWith(".bias")) return "a bias";
  if (/^rope_factors_/.test(name)) return "factors of a rotary embedding for long contexts";
  if (/_exps\.|\.ffn_gate_inp\.|_shexp\./.test(name)) return "part of a mixture of experts";
  return "which our decoders do not have";
}

/**
 * Heads by which the rows of a weight are permuted in GGUF files of the architecture `llama`; undefined for weights that
 * keep their order. llama.cpp rotates neighboring rows of a head, Hugging Face rows half a head apart.
 */
export function permutedHeads(config: Pick<ModelConfig, "heads" | "kvHeads">, name: string): number | undefined {
  if (name.includes(".q_proj.")) return config.heads;
  return name.includes(".k_proj.") ? config.kvHeads : undefined;
}

/** Rows in GGUF's order `[heads, head/2, 2, in]` to Hugging Face's `[heads, 2, head/2, in]`. */
export function fromGgufRows(
  values: Float32Array<ArrayBuffer>,
  rows: number,
  heads: number,
): Float32Array<ArrayBuffer> {
  return swapped(values, rows, heads, rows / heads / 2, 2);
}

/** The place in GGUF's order of a row in Hugging Face's. */
export function ggufRow(row: number, rows: number, heads: number): number {
  const size = rows / heads, half = size / 2;
  const within = row % size;
  return row - within + within % half * 2 + Math.floor(within / half);
}

/** Rows in Hugging Face's order to GGUF's: the inverse of {@linkcode fromGgufRows}. */
export function toGgufRows(values: Float32Array, rows: number, heads: number): Float32Array<ArrayBuffer> {
  return swapped(values, rows, heads, 2, rows / heads / 2);
}

/** `[heads, a, b, in]` with the second and third axis swapped. */
function swapped(values: Float32Array, rows: number, heads: number, a: number, b: number): Float32Array<ArrayBuffer> {
  const width = values.length / rows;
  const result = new Float32Array(values.length);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) {
        const from = ((head * a + i) * b + j) * width;
        result.set(values.subarray(from, from + width), ((head * b + j) * a + i) * width);
      }
    }
  }
  return result;
}
