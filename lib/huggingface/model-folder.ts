// Models as Hugging Face folders, as Python's AutoModelForCausalLM and AutoTokenizer load and save them.
import { UserError } from "../errors.ts";
import type { TokenizerJson } from "../data/mod.ts";
import { checkWeights, type HostTensor, type HostWeights, type ModelConfig } from "../model/mod.ts";
import { dtypeError, type WeightDtype } from "./dtypes.ts";
import { exists, readJson, writeAtomically } from "./files.ts";
import type { GenerationConfig } from "./generation-config.ts";
import { fromHuggingFaceConfig, type SpecialIds, toHuggingFaceConfig } from "./llama-config.ts";
import { readSafetensors } from "./safetensors.ts";
import { notWhereItSays, readShardIndex } from "./shard-index.ts";
import { type SaveOptions, saveWeights } from "./save-weights.ts";
import { readTokenizer } from "./tokenizer-file.ts";

const END_OF_TEXT = "<|endoftext|>";

/** What {@linkcode saveModelFolder} writes. */
export interface ModelToSave {
  readonly config: ModelConfig;
  /** By Hugging Face name; without `lm_head.weight` if embeddings are tied. */
  readonly tensors: HostWeights;
  readonly tokenizer?: TokenizerJson;
  /** @default `<|endoftext|>` for all, if the tokenizer has it */
  readonly special?: SpecialIds;
  /** In Jinja. */
  readonly chatTemplate?: string;
  /** What `generation_config.json` says besides the special tokens. @default greedy */
  readonly generation?: GenerationConfig;
  /** Additional metadata for `model.safetensors`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What {@linkcode loadModelFolder} reads. */
export interface LoadedModel {
  readonly config: ModelConfig;
  readonly tensors: HostWeights;
  /** If the folder has one. */
  readonly tokenizer?: TokenizerJson;
}

/**
 * Writes `model.safetensors` (or shards and their index), `config.json`, `generation_config.json` and, given a tokenizer,
 * `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`. Creates the folder if needed. `config.json` is
 * written last, so a folder that has it is complete.
 *
 * @throws UserError when the weights do not match the configuration, a value does not fit the type, or a file cannot be
 *   written
 *
 * @example
 * ```ts
 * import { loadModelFolder, saveModelFolder } from "@stitchbook/stitchbook/huggingface";
 * import { initialWeights, modelConfigSchema } from "@stitchbook/stitchbook/model";
 * import assert from "node:assert/strict";
 *
 * const config = modelConfigSchema.parse({ vocabSize: 300, width: 16, layers: 1, inner: 32 });
 * const folder = await Deno.makeTempDir();
 * await saveModelFolder(folder, { config, tensors: initialWeights(config, 1) });
 * assert.deepEqual((await loadModelFolder(folder)).tensors, initialWeights(config, 1));
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function saveModelFolder(
  folder: string,
  model: ModelToSave,
  options: SaveOptions = {},
): Promise<void> {
  checkWeights(model.config, model.tensors, `The model for "${folder}"`);
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UserError("file.cannot-write", `Cannot create the folder "${folder}": ${(error as Error).message}`);
  }
  await saveWeights(folder, new Map(Object.entries(model.tensors)), options, model.metadata);
  await saveCompanions(folder, model, options.dtype);
}

/**
 * Writes the files of {@linkcode saveModelFolder} beside the weights.
 *
 * @param dtype the type of the weights. @default "F32"
 */
export async function saveCompanions(
  folder: string,
  model: Omit<ModelToSave, "tensors" | "metadata">,
  dtype: WeightDtype = "F32",
): Promise<void> {
  const special = model.special ?? specialIds(model.tokenizer);
  if (model.tokenizer !== undefined) {
    await writeJson(`${folder}/tokenizer.json`, model.tokenizer);
    const names = specialNames(model.tokenizer, special);
    await writeJson(`${folder}/special_tokens_map.json`, names);
    await writeJson(`${folder}/tokenizer_config.json`, {
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: model.config.contextLength,
      clean_up_tokenization_spaces: false,
      ...names,
      ...(model.chatTemplate === undefined ? {} : { chat_template: model.chatTemplate }),
    });
  }
  await writeJson(`${folder}/generation_config.json`, {
    bos_token_id: special.bos ?? null,
    eos_token_id: special.eos ?? null,
    pad_token_id: special.pad ?? null,
    ...(model.generation ?? { do_sample: false }),
  });
  await writeJson(`${folder}/config.json`, toHuggingFaceConfig(model.config, special, dtype));
}

/**
 * Reads a folder with `config.json` and either `model.safetensors` or shards named by `model.safetensors.index.json`.
 * Weights stored as F16 or BF16 become float32.
 *
 * As in Python's transformers, a stored head that differs from the embeddings overrides `tie_word_embeddings`.
 *
 * @param warn called with a message if that is the case
 * @throws UserError naming the file and the problem
 */
export async function loadModelFolder(
  folder: string,
  warn: (text: string) => void = console.warn,
): Promise<LoadedModel> {
  const said = fromHuggingFaceConfig(await readJson(`${folder}/config.json`), `${folder}/config.json`);
  const indexPath = `${folder}/model.safetensors.index.json`;
  const sharded = !await exists(`${folder}/model.safetensors`) && await exists(indexPath);
  const found = sharded
    ? await readShards(folder, indexPath)
    : await readWeights(`${folder}/model.safetensors`, (name) => name);
  const config = { ...said, tiedEmbeddings: said.tiedEmbeddings && tieEmbeddings(found) };
  if (config.tiedEmbeddings !== said.tiedEmbeddings) {
    warn(
      `warning: "${folder}/config.json" says tie_word_embeddings, but the stored "${HEAD}" differs from ` +
        `"${EMBEDDINGS}": the model is loaded untied`,
    );
  }
  // Older versions store the rotary embedding's tables.
  for (const name of found.keys()) if (name.endsWith(".rotary_emb.inv_freq")) found.delete(name);
  const tensors = Object.fromEntries(found);
  checkWeights(config, tensors, `"${folder}"`);
  const tokenizer = await readTokenizer(folder);
  return { config, tensors, ...(tokenizer === undefined ? {} : { tokenizer }) };
}

const HEAD = "lm_head.weight";
const EMBEDDINGS = "model.embed_tokens.weight";

/** Keeps one matrix under the embeddings' name; returns false if the head and the embeddings differ. */
function tieEmbeddings(weights: Map<string, HostTensor>): boolean {
  const [head, embeddings] = [weights.get(HEAD), weights.get(EMBEDDINGS)];
  if (head === undefined) return true;
  if (embeddings !== undefined && !isSame(head, embeddings)) return false;
  weights.set(EMBEDDINGS, head);
  weights.delete(HEAD);
  return true;
}

function isSame(a: HostTensor, b: HostTensor): boolean {
  return String(a.shape) === String(b.shape) &&
    a.data.every((value, i) => value === b.data[i] || Object.is(value, b.data[i]));
}

async function readShards(folder: string, indexPath: string): Promise<Map<string, HostTensor>> {
  const places = await readShardIndex(indexPath);
  const tensors = new Map<string, HostTensor>();
  for (const shard of new Set(places.values())) {
    const path = `${folder}/${shard}`;
    const found = await readWeights(path, (name) => places.get(name) === shard ? name : undefined);
    for (const [name, weight] of found) tensors.set(name, weight);
  }
  for (const [name, shard] of places) {
    if (!tensors.has(name)) {
      throw notWhereItSays(indexPath, name, shard);
    }
  }
  return tensors;
}

/** The weights of one file as float32, by their new names; those without one are skipped. */
async function readWeights(
  path: string,
  rename: (name: string) => string | undefined,
): Promise<Map<string, HostTensor>> {
  const weights = new Map<string, HostTensor>();
  for (const [stored, { dtype, shape, data }] of (await readSafetensors(path)).tensors) {
    const name = rename(stored);
    if (name === undefined) continue;
    if (!(data instanceof Float32Array)) {
      throw dtypeError(path, name, dtype);
    }
    weights.set(name, { shape, data });
  }
  return weights;
}

/** `<|endoftext|>` begins and ends texts and fills batches, if a tokenizer has it. */
export function specialIds(tokenizer: TokenizerJson | undefined): SpecialIds {
  const id = addedTokens(tokenizer).find(({ content }) => content === END_OF_TEXT)?.id;
  return id === undefined ? {} : { bos: id, eos: id, pad: id };
}

/** The tokens with a role by Hugging Face's names, such as `eos_token`. */
export function specialNames(tokenizer: TokenizerJson, special: SpecialIds): Record<string, string> {
  const names: Record<string, string> = {};
  for (const { id, content } of addedTokens(tokenizer)) {
    for (const role of ["bos", "eos", "pad"] as const) if (special[role] === id) names[`${role}_token`] = content;
  }
  return names;
}

function addedTokens(
  tokenizer: TokenizerJson | undefined,
): readonly { readonly id: number; readonly content: string }[] {
  const added = tokenizer?.["added_tokens"];
  return Array.isArray(added)
    ? added.filter((token) => typeof token?.content === "string" && typeof token.id === "number")
    : [];
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  await writeAtomically(path, [bytes], bytes.length);
}
