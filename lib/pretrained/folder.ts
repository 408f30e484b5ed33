// Opens a Hugging Face folder.
import { UserError } from "../errors.ts";
import {
  exists,
  fromHuggingFaceConfig,
  type GenerationConfig,
  loadModelFolder,
  loadOnDevice,
  openStoredModel,
  readChatTemplate,
  readGenerationConfig,
  readJson,
  readTokenizer,
  type SpecialIds,
} from "../huggingface/mod.ts";
import type { ModelConfig } from "../model/mod.ts";
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
  const config = hasWeights ? await checkedConfig(source) : said;
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
    loadOnDevice: async (format) => (await loadOnDevice(source, format)).weights,
  };
}

/** The configuration that the weights fit: a stored head may override `tie_word_embeddings`. */
async function checkedConfig(source: string): Promise<ModelConfig> {
  using stored = await openStoredModel(source);
  return stored.config;
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
