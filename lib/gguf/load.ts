// Loads a Llama-family decoder from a GGUF file, as `loadModelFolder` loads one from a folder.
import { fromHuggingFaceConfig, type LoadedModel, type SpecialIds } from "../huggingface/mod.ts";
import {
  checkWeights,
  headSizeOf,
  type HostTensor,
  type ModelConfig,
  type OwnedWeights,
  storedToDevice,
  type StoredWeight,
  type WeightFormat,
} from "../model/mod.ts";
import { FORMAT_OF, type RowType } from "../tensor/mod.ts";
import type { GgufHeader, GgufTensor } from "./header.ts";
import { architectureOf, configOf, unsupported } from "./llama.ts";
import {
  fromGgufName,
  fromGgufRows,
  ggufRow,
  permutedHeads,
  ROPE_FACTORS,
  toGgufName,
  unknownTensor,
} from "./names.ts";
import { type GgufFile, openGguf } from "./open.ts";
import { llama3Rope } from "./rope-factors.ts";
import { chatTemplate, hasTokenizer, tokenizerError, tokenizerOf } from "./tokenizer.ts";

/** A model of a GGUF file. */
export interface LoadedGguf extends LoadedModel {
  /** `general.name`, if the file has one. */
  readonly name?: string;
  /** Ids of BOS, EOS and padding, as far as the file names them. */
  readonly special: SpecialIds;
  /** The chat template, in Jinja, if the file has one. */
  readonly chatTemplate?: string;
}

/** A model of an open GGUF file, whose weights are read later. */
export interface OpenGgufModel extends Omit<LoadedGguf, "tensors"> {
  /** By Hugging Face's names, with the type of the file. */
  readonly weights: ReadonlyMap<string, GgufTensor>;
  /** Reads elements `begin` to `end` (exclusive) of a weight, by default all, in Hugging Face's order of rows. */
  read(name: string, begin?: number, end?: number): Float32Array<ArrayBuffer>;
  /** The same weight as it is stored. */
  stored(name: string): StoredWeight;
}

/** Types of the file whose numbers packed weights hold exactly. */
const HELD: ReadonlySet<string> = new Set(Object.keys(FORMAT_OF));

/**
 * Reads a model with its tokenizer. Weights become float32, one tensor at a time; q and k of `llama` files get back
 * Hugging Face's order of rows.
 *
 * @throws UserError naming the file and the problem: it is damaged, its model computes something that we do not, or its
 *   tokenizer cannot be reproduced exactly. All of this is checked before weights are read
 */
export async function loadGguf(path: string): Promise<LoadedGguf> {
  using file = await openGguf(path);
  const { weights, read, ...model } = ggufModel(file);
  const tensors: Record<string, HostTensor> = {};
  for (const [name, { shape }] of weights) tensors[name] = { shape, data: read(name) };
  return { ...model, tensors };
}

/**
 * Puts the weights of a file on the device for inference, one after another. Tensors of the types F32, F16, BF16, Q8_0, Q4_1
 * and Q4_0 are held exactly as they are, others as float32 with the same numbers.
 *
 * @param format how matrices are held. @default "stored"
 * @throws UserError as {@linkcode loadGguf} does, or `device.room` if they do not fit
 */
export async function loadGgufOnDevice(path: string, format?: WeightFormat): Promise<OwnedWeights> {
  using file = await openGguf(path);
  const { weights, stored } = ggufModel(file);
  const all = Object.fromEntries([...weights.keys()].map((name) => [name, stored(name)]));
  return storedToDevice(all, `The model in "${path}"`, format);
}

/**
 * The model of an open file.
 *
 * @throws UserError as {@linkcode loadGguf} does
 */
export function ggufModel(file: GgufFile): OpenGgufModel {
  const { path, metadata, tensors: stored } = file;
  const config = ggufModelConfig(file);
  const found = hasTokenizer(metadata) ? tokenizerOf(path, metadata) : undefined;
  const tokens = metadata.get("tokenizer.ggml.tokens");
  if (Array.isArray(tokens) && tokens.length > config.vocabSize) {
    throw tokenizerError(
      path,
      `its vocabulary has ${tokens.length} tokens, more than the ${config.vocabSize} rows of its embedding table`,
    );
  }
  const { permuted } = architectureOf(path, metadata);
  const headsOf = (name: string) => permuted ? permutedHeads(config, name) : undefined;
  const weights = new Map(namedWeights(stored));
  const name = metadata.get("general.name");
  const template = chatTemplate(metadata);
  const read = (name: string, begin?: number, end?: number) => {
    const heads = headsOf(name);
    if (heads === undefined) return file.read(toGgufName(name), begin, end);
    return fromGgufRows(file.read(toGgufName(name)), weights.get(name)!.shape[0]!, heads).subarray(begin, end);
  };
  return {
    config,
    weights,
    read,
    stored(name) {
      const { shape, type } = weights.get(name)!;
      if (shape.length !== 2) return { shape, values: (begin, end) => read(name, begin, end) };
      const [out, inner] = shape as [number, number];
      const own = toGgufName(name), heads = headsOf(name);
      /** Reads whole rows in Hugging Face's order, permuted ones one by one. */
      const rows = <T extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(
        read: (name: string, begin: number, end: number) => T,
        first: number,
        count: number,
      ) => {
        if (heads === undefined) return read(own, first * inner, (first + count) * inner);
        const list = Array.from({ length: count }, (_, i) => {
          const row = ggufRow(first + i, out, heads);
          return read(own, row * inner, (row + 1) * inner);
        });
        return joined(list);
      };
      const values = (begin: number, end: number) => rows(file.read, begin / inner, (end - begin) / inner);
      if (!HELD.has(type)) return { shape, values };
      const raw = (first: number, count: number) => rows(file.readBytes, first, count);
      return { shape, values, rows: { type: type as RowType, read: raw } };
    },
    special: found?.special ?? {},
    ...(found === undefined ? {} : { tokenizer: found.json }),
    ...(typeof name === "string" ? { name } : {}),
    ...(template === undefined ? {} : { chatTemplate: template }),
  };
}

/** Arrays of one length, one after another. */
function joined<T extends Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(list: readonly T[]): T {
  const [{ length }, Type] = [list[0]!, list[0]!.constructor as new (length: number) => T];
  const all = new Type(list.length * length);
  list.forEach((one, i) => all.set(one, i * length));
  return all;
}

/**
 * The configuration of the decoder in an open file, whose tensors are exactly those of such a decoder.
 *
 * @throws UserError naming what the file lacks, or what its model has that we do not compute
 */
export function ggufModelConfig(file: GgufFile): ModelConfig {
  const { path, metadata, tensors } = file;
  const parts = metadata.get("split.count");
  if (typeof parts === "number" && parts > 1) {
    throw unsupported(path, `it is one of ${parts} files of a model`, "Merge them with llama-gguf-split --merge");
  }
  const { name: arch } = architectureOf(path, metadata);
  for (const name of tensors.keys()) {
    if (name === ROPE_FACTORS || fromGgufName(name) !== undefined) continue;
    throw unsupported(path, `it has the tensor ${JSON.stringify(name)}, ${unknownTensor(name)}`);
  }
  const stated = fromHuggingFaceConfig(configOf(file, path, arch), path);
  checkWeights(stated, Object.fromEntries(namedWeights(tensors)), `"${path}"`);
  return withRopeFactors(file, stated);
}

/** Stored tensors by Hugging Face's names. */
function namedWeights(stored: GgufHeader["tensors"]): [string, GgufTensor][] {
  return [...stored].flatMap(([name, tensor]) => {
    const own = fromGgufName(name);
    return own === undefined ? [] : [[own, tensor]];
  });
}

/** A configuration with the scaling of the rotary embedding that a file's divisors describe. */
function withRopeFactors(file: GgufFile, config: ModelConfig): ModelConfig {
  if (!file.tensors.has(ROPE_FACTORS)) return config;
  const divisors = file.read(ROPE_FACTORS);
  if (divisors.every((divisor) => divisor === 1)) return config;
  const ropeScaling = config.ropeScaling === undefined
    ? llama3Rope(divisors, headSizeOf(config), config.ropeTheta)
    : undefined;
  if (ropeScaling !== undefined) return { ...config, ropeScaling };
  throw unsupported(file.path, `its tensor "${ROPE_FACTORS}" does not scale the rotary embedding as Llama 3 does`);
}
