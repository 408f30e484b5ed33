// Writes a Llama decoder as a GGUF file that llama.cpp loads.
import { UserError } from "../errors.ts";
import { type ModelToSave, specialIds, writeAtomically } from "../huggingface/mod.ts";
import { checkWeights, type HostTensor, type ModelConfig, weightShapes } from "../model/mod.ts";
import { encodeHeader, type Entry, f32, padding, planBytes, string, type TensorPlan, u32 } from "./encode.ts";
import { permutedHeads, toGgufName, toGgufRows } from "./names.ts";
import { quantize, type WrittenType } from "./quantize.ts";
import { TENSOR_TYPES } from "./types.ts";
import { tokenizerEntries } from "./vocabulary.ts";

/** What {@linkcode saveGguf} writes. */
export interface GgufToSave extends Omit<ModelToSave, "metadata"> {
  /** `general.name`. */
  readonly name?: string;
}

/** The numbers of llama.cpp's `general.file_type`. */
const FILE_TYPES: Readonly<Record<WrittenType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/**
 * Writes a model to a temporary file beside `path` and renames it when it is whole. Rows of q and k get llama.cpp's order.
 * As in llama.cpp's own converter, norms are F32, and matrices whose rows are not whole blocks of Q8_0 are F16.
 *
 * Without a tokenizer llama.cpp computes logits of ids, but reads no text.
 *
 * @param type of the matrices
 * @throws UserError when the model is not a plain decoder, the weights do not match the configuration, a value does not fit the type, llama.cpp has no
 *   tokenizer like the model's, or the file cannot be written; then `path` is as it was
 *
 * @example
 * ```ts
 * import { loadGguf, saveGguf } from "@stitchbook/stitchbook/gguf";
 * import { initialWeights, modelConfigSchema } from "@stitchbook/stitchbook/model";
 * import assert from "node:assert/strict";
 *
 * const config = modelConfigSchema.parse({ vocabSize: 300, width: 16, layers: 1, inner: 32 });
 * const path = await Deno.makeTempFile({ suffix: ".gguf" });
 * await saveGguf(path, { config, tensors: initialWeights(config, 1) }, "F32");
 * assert.deepEqual((await loadGguf(path)).tensors, initialWeights(config, 1));
 * await Deno.remove(path);
 * ```
 */
export async function saveGguf(path: string, model: GgufToSave, type: WrittenType): Promise<void> {
  const { config, tensors } = model;
  checkPlain(config, path);
  checkWeights(config, tensors, `The model for "${path}"`);
  const weights = [...weightShapes(config)].map(([name, shape]): PlannedWeight => ({
    weight: name,
    plan: { name: toGgufName(name), type: typeFor(shape, type), shape },
  }));
  const header = encodeHeader(entriesOf(path, model, type), weights.map(({ plan }) => plan));
  const total = weights.reduce((sum, { plan }) => sum + planBytes(plan) + padding(planBytes(plan)), header.length);
  await writeAtomically(path, chunks(header, weights, config, tensors), total);
}

/** Settings of models that are not plain decoders. */
const BEYOND_PLAIN = [
  "headSize",
  "attentionBias",
  "mlpBias",
  "qkNorm",
  "slidingWindow",
  "ropeScaling",
] as const satisfies readonly (keyof ModelConfig)[];

/** @throws UserError `gguf.unsupported` for a model that would be written as a plain decoder, which it is not */
function checkPlain(config: ModelConfig, path: string): void {
  const key = BEYOND_PLAIN.find((key) => config[key] !== undefined && config[key] !== false);
  if (key === undefined) return;
  throw new UserError(
    "gguf.unsupported",
    `Cannot write "${path}": the model has ${key} ${JSON.stringify(config[key])}, and only plain decoders are written`,
    "Save it as a Hugging Face folder, and convert that with llama.cpp's convert_hf_to_gguf.py",
  );
}

interface PlannedWeight {
  /** Hugging Face's name. */
  readonly weight: string;
  readonly plan: TensorPlan & { readonly type: WrittenType };
}

function typeFor(shape: readonly number[], type: WrittenType): WrittenType {
  if (shape.length === 1) return "F32";
  return shape.at(-1)! % TENSOR_TYPES[type].block === 0 ? type : "F16";
}

function* chunks(
  header: Uint8Array,
  weights: readonly PlannedWeight[],
  config: ModelConfig,
  tensors: Readonly<Record<string, HostTensor>>,
): Generator<Uint8Array> {
  yield header;
  for (const { weight, plan } of weights) {
    const { data, shape } = tensors[weight]!;
    const heads = permutedHeads(config, weight);
    const rows = heads === undefined ? data : toGgufRows(data, shape[0]!, heads);
    const bytes = quantize(plan.type, rows, `the weight ${JSON.stringify(weight)}`);
    yield bytes;
    yield new Uint8Array(padding(bytes.length));
  }
}

function entriesOf(path: string, model: GgufToSave, type: WrittenType): Entry[] {
  const { config, tokenizer, name, chatTemplate } = model;
  const special = model.special ?? specialIds(tokenizer);
  return [
    string("general.architecture", "llama"),
    string("general.type", "model"),
    ...(name === undefined ? [] : [string("general.name", name)]),
    u32("general.file_type", FILE_TYPES[type]),
    u32("general.quantization_version", 2),
    u32("llama.vocab_size", config.vocabSize),
    u32("llama.context_length", config.contextLength),
    u32("llama.embedding_length", config.width),
    u32("llama.block_count", config.layers),
    u32("llama.feed_forward_length", config.inner),
    u32("llama.attention.head_count", config.heads),
    u32("llama.attention.head_count_kv", config.kvHeads),
    f32("llama.attention.layer_norm_rms_epsilon", config.normEps),
    f32("llama.rope.freq_base", config.ropeTheta),
    u32("llama.rope.dimension_count", config.width / config.heads),
    ...(tokenizer === undefined
      ? [string("tokenizer.ggml.model", "none")]
      : tokenizerEntries(path, tokenizer, config.vocabSize, special)),
    ...(chatTemplate === undefined ? [] : [string("tokenizer.chat_template", chatTemplate)]),
  ];
}
