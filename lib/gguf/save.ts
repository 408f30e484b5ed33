// Writes a decoder as a GGUF file that llama.cpp loads.
import { UserError } from "../errors.ts";
import { type ModelToSave, specialIds, writeAtomically } from "../huggingface/mod.ts";
import { checkWeights, familyOf, headSizeOf, type ModelConfig, weightShapes } from "../model/mod.ts";
import { encodeHeader, type Entry, f32, padding, planBytes, string, type TensorPlan, u32 } from "./encode.ts";
import {
  checkExperts,
  expertsArchitecture,
  expertsEntries,
  expertsTensors,
  type GgufExperts,
  isOfExperts,
} from "./experts.ts";
import { ARCHITECTURES } from "./llama.ts";
import { permutedHeads, ROPE_FACTORS, toGgufName, toGgufRows } from "./names.ts";
import { quantize, type WrittenType } from "./quantize.ts";
import { llama3Multipliers } from "./rope-factors.ts";
import { TENSOR_TYPES } from "./types.ts";
import { tokenizerEntries } from "./vocabulary.ts";

/** What {@linkcode saveGguf} writes. */
export interface GgufToSave extends Omit<ModelToSave, "metadata"> {
  /** `general.name`. */
  readonly name?: string;
  /** Makes it a mixture: `tensors` has routers and experts by the names that Hugging Face gives those of Qwen3-MoE. */
  readonly experts?: GgufExperts;
  /** `general.license`, an identifier, and `general.license.name` and `.link` of a license that has none. */
  readonly license?: { readonly id: string; readonly name?: string | undefined; readonly link?: string | undefined };
}

/** How {@linkcode saveGguf} writes. */
export interface SaveGgufOptions {
  /** Called before each tensor is written, with the bytes that have been written so far. Throwing stops. */
  readonly onWeight?: (bytes: number) => void;
}

/** The numbers of llama.cpp's `general.file_type`. */
const FILE_TYPES: Readonly<Record<WrittenType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/**
 * Writes a model to a temporary file beside `path` and renames it when it is whole. Rows of q and k get llama.cpp's order
 * in files of the architecture `llama`. As in llama.cpp's own converter, norms are F32, and matrices whose rows are not
 * whole blocks of Q8_0 are F16.
 *
 * Without a tokenizer llama.cpp computes logits of ids, but reads no text.
 *
 * @param type of the matrices
 * @throws UserError when GGUF has no such model (sliding windows, dynamic and YaRN scaling), the weights do not match the
 *   configuration, a value does not fit the type, llama.cpp has no tokenizer like the model's, or the file cannot be
 *   written; then `path` is as it was
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
export async function saveGguf(
  path: string,
  model: GgufToSave,
  type: WrittenType,
  { onWeight }: SaveGgufOptions = {},
): Promise<void> {
  const { config, tensors, experts } = model;
  checkGguf(path, config, model);
  const where = `The model for "${path}"`;
  if (experts === undefined) checkWeights(config, tensors, where);
  else checkExperts(config, tensors, experts, where);
  const weights = plannedWeights(model, type);
  const header = encodeHeader(entriesOf(path, model, type), weights.map(({ plan }) => plan));
  const total = weights.reduce((sum, { plan }) => sum + planBytes(plan) + padding(planBytes(plan)), header.length);
  await writeAtomically(path, chunks(header, weights, onWeight), total);
}

/**
 * Checks that a model can be written, without its weights.
 *
 * @param path of the file, for error messages
 * @throws UserError `gguf.unsupported` for a model that llama.cpp's architectures do not compute, or that we do not map;
 *   `gguf.tokenizer` when llama.cpp has no tokenizer like the model's
 */
export function checkGguf(
  path: string,
  config: ModelConfig,
  { tokenizer, special = specialIds(tokenizer) }: Pick<GgufToSave, "tokenizer" | "special">,
): void {
  const { slidingWindow, ropeScaling, qkNorm, attentionBias } = config;
  const refused = slidingWindow !== undefined
    ? `slidingWindow ${slidingWindow}`
    : ropeScaling?.type === "dynamic" || ropeScaling?.type === "yarn"
    ? `ropeScaling of the type ${ropeScaling.type}`
    : qkNorm === true && attentionBias === "all"
    ? "attentionBias all beside qkNorm"
    : undefined;
  if (refused === undefined) {
    if (tokenizer !== undefined) tokenizerEntries(path, tokenizer, config.vocabSize, special);
    return;
  }
  throw new UserError(
    "gguf.unsupported",
    `Cannot write "${path}": the model has ${refused}, which is not written as GGUF`,
    "Save it as a Hugging Face folder, and convert that with llama.cpp's convert_hf_to_gguf.py",
  );
}

interface PlannedWeight {
  readonly plan: TensorPlan & { readonly type: WrittenType };
  /** Values in GGUF's order of rows. */
  values(): Float32Array;
}

function plannedWeights({ config, tensors, experts }: GgufToSave, type: WrittenType): PlannedWeight[] {
  const permuted = ARCHITECTURES[architectureFor(config, experts)]?.permuted;
  const dense = [...weightShapes(config)].filter(([name]) => experts === undefined || !isOfExperts(name));
  const weights = dense.map(([name, shape]): PlannedWeight => ({
    plan: { name: toGgufName(name), type: typeFor(shape, type), shape },
    values() {
      const { data } = tensors[name]!;
      const heads = permuted ? permutedHeads(config, name) : undefined;
      return heads === undefined ? data : toGgufRows(data, shape[0]!, heads);
    },
  }));
  for (const { name, shape, isRouter, values } of experts ? expertsTensors(config, tensors, experts) : []) {
    weights.push({ plan: { name, type: isRouter ? "F32" : typeFor(shape, type), shape }, values });
  }
  if (config.ropeScaling?.type !== "llama3") return weights;
  const multipliers = llama3Multipliers(config.ropeScaling, headSizeOf(config), config.ropeTheta);
  const divisors = Float32Array.from(multipliers, (multiplier) => 1 / multiplier);
  return [{ plan: { name: ROPE_FACTORS, type: "F32", shape: [divisors.length] }, values: () => divisors }, ...weights];
}

const architectureFor = (config: ModelConfig, experts: GgufExperts | undefined): string =>
  experts === undefined ? familyOf(config) : expertsArchitecture(config);

function typeFor(shape: readonly number[], type: WrittenType): WrittenType {
  if (shape.length === 1) return "F32";
  return shape.at(-1)! % TENSOR_TYPES[type].block === 0 ? type : "F16";
}

function* chunks(
  header: Uint8Array,
  weights: readonly PlannedWeight[],
  onWeight: SaveGgufOptions["onWeight"],
): Generator<Uint8Array> {
  let written = header.length;
  yield header;
  for (const { plan, values } of weights) {
    onWeight?.(written);
    const bytes = quantize(plan.type, values(), `the tensor ${JSON.stringify(plan.name)}`);
    written += bytes.length + padding(bytes.length);
    yield bytes;
    yield new Uint8Array(padding(bytes.length));
  }
}

function entriesOf(path: string, model: GgufToSave, type: WrittenType): Entry[] {
  const { config, tokenizer, name, license, chatTemplate, experts } = model;
  const special = model.special ?? specialIds(tokenizer);
  const arch = architectureFor(config, experts);
  const head = headSizeOf(config);
  return [
    string("general.architecture", arch),
    string("general.type", "model"),
    ...(name === undefined ? [] : [string("general.name", name)]),
    ...(license === undefined ? [] : [string("general.license", license.id)]),
    ...(license?.name === undefined ? [] : [string("general.license.name", license.name)]),
    ...(license?.link === undefined ? [] : [string("general.license.link", license.link)]),
    u32("general.file_type", FILE_TYPES[type]),
    u32("general.quantization_version", 2),
    u32(`${arch}.vocab_size`, config.vocabSize),
    u32(`${arch}.context_length`, config.contextLength),
    u32(`${arch}.embedding_length`, config.width),
    u32(`${arch}.block_count`, config.layers),
    u32(`${arch}.feed_forward_length`, config.inner),
    u32(`${arch}.attention.head_count`, config.heads),
    u32(`${arch}.attention.head_count_kv`, config.kvHeads),
    f32(`${arch}.attention.layer_norm_rms_epsilon`, config.normEps),
    f32(`${arch}.rope.freq_base`, config.ropeTheta),
    u32(`${arch}.rope.dimension_count`, head),
    ...(config.headSize === undefined
      ? []
      : [u32(`${arch}.attention.key_length`, head), u32(`${arch}.attention.value_length`, head)]),
    ...(config.ropeScaling?.type === "linear"
      ? [string(`${arch}.rope.scaling.type`, "linear"), f32(`${arch}.rope.scaling.factor`, config.ropeScaling.factor)]
      : []),
    ...(experts === undefined ? [] : expertsEntries(arch, config, experts)),
    ...(tokenizer === undefined
      ? [string("tokenizer.ggml.model", "none")]
      : tokenizerEntries(path, tokenizer, config.vocabSize, special)),
    ...(chatTemplate === undefined ? [] : [string("tokenizer.chat_template", chatTemplate)]),
  ];
}
