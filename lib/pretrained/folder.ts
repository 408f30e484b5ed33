// Opens a Hugging Face folder.
import { UserError } from "../errors.ts";
import {
  exists,
  fromHuggingFaceConfig,
  type GenerationConfig,
  loadModelFolder,
  openWeightFiles,
  readChatTemplate,
  readGenerationConfig,
  readJson,
  readTokenizer,
  type SpecialIds,
  type WeightFiles,
} from "../huggingface/mod.ts";
import { checkWeights, type ModelConfig } from "../model/mod.ts";
import type { PretrainedModel } from "./model.ts";
import { isPickle } from "./pickle.ts";

/**
 * @param options.weights whether the folder has its weights, which are then compared with the configuration. @default true
 * @throws UserError naming what the folder lacks, or what does not fit
 */
export async function openFolder(
  source: string,
  setting: string,
  { weights: hasWeights = true }: { readonly weights?: boolean } = {},
): Promise<PretrainedModel> {
  if (!await exists(`${source}/config.json`)) {
    throw new UserError(
      "pretrained.config",
      `Cannot use ${setting}="${source}": the folder has no config.json`,
      "name a Hugging Face folder, as save_pretrained() of Python's transformers writes it",
    );
  }
  await refusePickle(source, setting);
  const json = await readJson(`${source}/config.json`);
  const said = fromHuggingFaceConfig(json, `${source}/config.json`);
  const config = hasWeights ? await checkedConfig(source, said) : said;
  const tokenizer = await readTokenizer(source);
  if (tokenizer === undefined) {
    throw new UserError(
      "pretrained.tokenizer",
      `Cannot use ${setting}="${source}": the folder has no tokenizer.json and no tokenizer.model`,
      "save the model's fast tokenizer into the folder, with save_pretrained() of Python's transformers",
    );
  }
  const chat = await readChatTemplate(source);
  const settings = await readGenerationConfig(source) ?? {};
  const special = specialIn(json, settings);
  const generation = beyondTokens(settings, special);
  return {
    source,
    config,
    tokenizer,
    special,
    ...(chat === undefined ? {} : { chatTemplate: chat.template }),
    chatTokens: chat?.tokens ?? {},
    ...(Object.keys(generation).length === 0 ? {} : { generation }),
    load: async () => (await loadModelFolder(source)).tensors,
  };
}

/** The configuration that the weights fit: a stored head may override `tie_word_embeddings`. */
async function checkedConfig(source: string, said: ModelConfig): Promise<ModelConfig> {
  const files = await openWeightFiles(source);
  try {
    const config = { ...said, tiedEmbeddings: said.tiedEmbeddings && !hasOwnHead(files) };
    const weights = Object.fromEntries(files.weights);
    if (config.tiedEmbeddings && weights[HEAD] !== undefined) {
      weights[EMBEDDINGS] ??= weights[HEAD];
      delete weights[HEAD];
    }
    checkWeights(config, weights, `"${source}"`);
    return config;
  } finally {
    files.close();
  }
}

async function refusePickle(source: string, setting: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(source)) names.push(name);
  const pickle = names.filter(isPickle).sort()[0];
  if (pickle === undefined || names.some((name) => /\.safetensors(\.index\.json)?$/.test(name))) return;
  throw new UserError(
    "pretrained.pickle",
    `Cannot use ${setting}="${source}": its weights are a pickle ("${pickle}"), which could run any program when it is read`,
    "convert it to safetensors: load it in Python's transformers and save it with save_pretrained()",
  );
}

const HEAD = "lm_head.weight";
const EMBEDDINGS = "model.embed_tokens.weight";
/** Values that are compared at once. */
const PIECE = 1 << 20;

/** Whether a head is stored that differs from the embeddings; then it overrides `tie_word_embeddings`. */
function hasOwnHead({ weights, read }: WeightFiles): boolean {
  const [head, embeddings] = [weights.get(HEAD), weights.get(EMBEDDINGS)];
  if (head === undefined || embeddings === undefined) return false;
  if (String(head.shape) !== String(embeddings.shape)) return true;
  const size = head.shape.reduce((a, b) => a * b, 1);
  for (let at = 0; at < size; at += PIECE) {
    const to = Math.min(size, at + PIECE);
    const [a, b] = [read(HEAD, at, to), read(EMBEDDINGS, at, to)];
    if (a.some((value, i) => value !== b[i] && !Object.is(value, b[i]))) return true;
  }
  return false;
}

/** Generation settings without what the special tokens say already, or what has no effect. */
function beyondTokens(settings: GenerationConfig, special: SpecialIds): GenerationConfig {
  const known: Readonly<Record<string, unknown>> = {
    bos_token_id: special.bos ?? null,
    eos_token_id: special.eos ?? null,
    pad_token_id: special.pad ?? null,
    do_sample: false,
  };
  const says = ([key, value]: [string, unknown]) =>
    !key.startsWith("_") && key !== "transformers_version" && value !== known[key];
  return Object.fromEntries(Object.entries(settings).filter(says));
}

/** The ids that `config.json` gives, or else `generation_config.json`; of a list, the first. */
function specialIn(json: Readonly<Record<string, unknown>>, generation: Readonly<Record<string, unknown>>): SpecialIds {
  const ids = (["bos", "eos", "pad"] as const).flatMap((role) => {
    const [id] = [json[`${role}_token_id`] ?? generation[`${role}_token_id`]].flat();
    return typeof id === "number" ? [[role, id] as const] : [];
  });
  return Object.fromEntries(ids);
}
