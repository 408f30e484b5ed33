// Opens a model that was trained elsewhere, wherever it is. What it is comes from headers; weights are read later.
import { openTokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { openFolder } from "./folder.ts";
import { openGgufModel } from "./gguf.ts";
import type { PretrainedModel } from "./model.ts";

/** An id on the Hugging Face hub, with or without a revision. */
const HUB_ID = /^[\w.-]*\w\/[\w.-]*\w(@[\w./-]+)?$/;

/**
 * Opens a checkpoint: a Hugging Face folder or a `.gguf` file. Only configuration, tokenizer and headers are read.
 *
 * @param source a path; ids of the hub would be resolved to a folder here, and are refused today
 * @param setting the setting that names it, for error messages: `pretrained.seed`
 * @throws UserError `pretrained.missing`, `pretrained.hub`, `pretrained.format`, `pretrained.pickle`, `pretrained.config`,
 *   `pretrained.tokenizer`, `pretrained.vocabulary`, and the errors of reading config.json, safetensors and GGUF
 */
export async function openPretrained(source: string, setting: string): Promise<PretrainedModel> {
  const model = await openSource(source, setting);
  const { config, tokenizer } = model;
  const { vocabSize } = openTokenizer(tokenizer);
  if (vocabSize > config.vocabSize) {
    throw new UserError(
      "pretrained.vocabulary",
      `Cannot use ${setting}="${source}": its tokenizer has ${vocabSize} tokens, more than the ${config.vocabSize} rows of ` +
        "its embedding table",
      "use the tokenizer that the model was trained with",
    );
  }
  return model;
}

async function openSource(source: string, setting: string): Promise<PretrainedModel> {
  let found: Deno.FileInfo | undefined;
  try {
    found = await Deno.stat(source);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw new UserError(
        "pretrained.missing",
        `Cannot read ${setting}="${source}": ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  if (found?.isDirectory) return await openFolder(source, setting);
  if (found?.isFile && source.toLowerCase().endsWith(".gguf")) return await openGgufModel(source, setting);
  if (found !== undefined) {
    throw new UserError(
      "pretrained.format",
      `Cannot use ${setting}="${source}": it is neither a folder nor a .gguf file`,
      "name a Hugging Face folder, which has a config.json, or a .gguf file",
    );
  }
  if (HUB_ID.test(source) && !source.startsWith(".")) {
    throw new UserError(
      "pretrained.hub",
      `Cannot use ${setting}="${source}": there is no such folder, and models are not fetched from the Hugging Face hub by ` +
        "their ids",
      "download the model first, and name its folder or .gguf file",
    );
  }
  throw new UserError(
    "pretrained.missing",
    `Cannot read ${setting}="${source}": there is no such folder or file`,
    "name a Hugging Face folder, which has a config.json, or a .gguf file",
  );
}
