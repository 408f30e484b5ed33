// What a model folder, a model on the hub or a GGUF file holds, from its headers: no weights are read.
import { openTokenizer, type TokenizerJson } from "../data/mod.ts";
import { absent, UserError } from "../errors.ts";
import { chatTemplate, ggufModelConfig, hasTokenizer, type Metadata, openGguf, tokenizerOf } from "../gguf/mod.ts";
import {
  fromHuggingFaceConfig,
  type GenerationConfig,
  openWeightFiles,
  readChatTemplate,
  readGenerationConfig,
  readJson,
  readTokenizer,
  type SpecialIds,
} from "../huggingface/mod.ts";
import type { ModelConfig } from "../model/mod.ts";
import { hubOutline, isHubId } from "../pretrained/mod.ts";
import { byteSize } from "../report/mod.ts";

/** What a checkpoint holds. */
export interface ModelFacts {
  readonly path: string;
  readonly format: string;
  readonly name: string | undefined;
  /** `llama`, `qwen2`, … */
  readonly family: string;
  readonly license: string | undefined;
  /** The shape of the decoder; undefined if it is not one that can be computed. */
  readonly config: ModelConfig | undefined;
  readonly parameters: number;
  /** Tensors by the type in which they are stored. */
  readonly stored: Readonly<Record<string, number>>;
  /** The tokenizer in a few words; undefined if there is none. */
  readonly tokenizer: string | undefined;
  readonly special: SpecialIds;
  readonly chatTemplate: string | undefined;
  /** What `generation_config.json` says. */
  readonly generation: GenerationConfig | undefined;
  /** Why the model or its tokenizer cannot be used, a sentence each. */
  readonly unusable: readonly string[];
}

/**
 * The facts of a GGUF file, of a Hugging Face folder, or of a model on the hub, of which everything but the weights is
 * downloaded.
 *
 * @param path or else an id on the hub
 * @throws UserError when there is no such file, folder or model, or it is damaged
 */
export async function modelFacts(path: string): Promise<ModelFacts> {
  const found = await Deno.stat(path).catch(absent);
  if (found?.isDirectory) return await folderFacts(path, path, "Hugging Face folder", () => weightsIn(path));
  if (found !== undefined || !isHubId(path)) return await ggufFacts(path);
  const failure = `Cannot show "${path}" (no such path, so taken for a model on the Hugging Face hub)`;
  const { folder, pinned, bytes, weights } = await hubOutline(path, failure);
  const where = bytes === 0 ? "in the cache" : `${byteSize(bytes)} to download`;
  return await folderFacts(folder, pinned, `Hugging Face hub, ${where}`, weights);
}

async function ggufFacts(path: string): Promise<ModelFacts> {
  using file = await openGguf(path);
  const { version, metadata, tensors } = file;
  const reasons = new Reasons();
  const config = reasons.unless(() => ggufModelConfig(file));
  const found = hasTokenizer(metadata) ? reasons.unless(() => tokenizerOf(path, metadata)) : undefined;
  const known = found === undefined ? undefined : reasons.unless(() => described(found.json));
  const weights = [...tensors].filter(([name]) => name !== "rope_freqs.weight").map(([, tensor]) => tensor);
  return {
    path,
    format: `GGUF version ${version}`,
    name: text(metadata.get("general.name")),
    family: text(metadata.get("general.architecture")) ?? "unknown",
    license: text(metadata.get("general.license")),
    config,
    parameters: parametersOf(weights),
    stored: counts(weights.map(({ type }) => type)),
    tokenizer: known === undefined ? unreadTokenizer(metadata) : known + splitting(metadata),
    special: found?.special ?? {},
    chatTemplate: chatTemplate(metadata),
    generation: undefined,
    unusable: reasons.found,
  };
}

function splitting(metadata: Metadata): string {
  const pre = text(metadata.get("tokenizer.ggml.pre"));
  return pre === undefined ? "" : `, splits text as ${pre}`;
}

function unreadTokenizer(metadata: Metadata): string | undefined {
  return hasTokenizer(metadata) ? `${metadata.get("tokenizer.ggml.model")}${splitting(metadata)}` : undefined;
}

/** A weight, as a header describes it. */
interface StoredWeight {
  readonly dtype: string;
  readonly shape: readonly number[];
}

async function weightsIn(folder: string): Promise<StoredWeight[]> {
  const files = await openWeightFiles(folder);
  files.close();
  return [...files.weights.values()];
}

async function folderFacts(
  path: string,
  name: string,
  format: string,
  readWeights: () => Promise<readonly StoredWeight[]>,
): Promise<ModelFacts> {
  const json = await readJson(`${path}/config.json`);
  const weights = await readWeights();
  const reasons = new Reasons();
  const config = reasons.unless(() => fromHuggingFaceConfig(json, `${path}/config.json`));
  const [tokenizer] = await Promise.allSettled([readTokenizer(path)]);
  return {
    path: name,
    format,
    name: undefined,
    family: text(json["model_type"]) ?? "unknown",
    license: undefined,
    config,
    parameters: parametersOf(weights),
    stored: counts(weights.map(({ dtype }) => dtype)),
    tokenizer: tokenizer.status === "fulfilled" && tokenizer.value === undefined ? undefined : reasons.unless(() => {
      if (tokenizer.status === "rejected") throw tokenizer.reason;
      return described(tokenizer.value!);
    }) ?? "unknown",
    special: idsIn(json),
    chatTemplate: (await readChatTemplate(path))?.template,
    generation: await readGenerationConfig(path),
    unusable: reasons.found,
  };
}

function idsIn(json: Readonly<Record<string, unknown>>): SpecialIds {
  const { bos_token_id: bos, eos_token_id: eos, pad_token_id: pad } = json;
  const ids = Object.entries({ bos, eos, pad }).filter(([, id]) => typeof id === "number");
  return Object.fromEntries(ids);
}

function described(json: TokenizerJson): string {
  const { vocabSize, slow } = openTokenizer(json);
  const model = json["model"] as { readonly type?: string; readonly merges?: readonly unknown[] };
  const merges = model.merges === undefined ? "" : `, ${count(model.merges.length)} merges`;
  const encoder = slow === undefined ? "" : `, encoded slowly, by @huggingface/tokenizers, because of ${slow}`;
  return `${model.type ?? "unknown kind"}: ${count(vocabSize)} tokens${merges}${encoder}`;
}

function parametersOf(weights: readonly { readonly shape: readonly number[] }[]): number {
  return weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

function counts(types: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const type of types) result[type] = (result[type] ?? 0) + 1;
  return result;
}

/** Collects why parts cannot be used. */
class Reasons {
  readonly found: string[] = [];

  /** The result of `read`, or undefined when it throws a UserError, whose message is kept. */
  unless<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.found.push(error.message);
    }
  }
}

const text = (value: unknown) => typeof value === "string" ? value : undefined;

/** A whole number with separators. */
export const count = (value: number): string => value.toLocaleString("en");
