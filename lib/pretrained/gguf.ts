// Opens a GGUF file.
import { UserError } from "../errors.ts";
import {
  chatTemplate,
  ggufModelConfig,
  hasTokenizer,
  loadGguf,
  loadGgufOnDevice,
  openGguf,
  tokenizerOf,
} from "../gguf/mod.ts";
import { specialNames } from "../huggingface/mod.ts";
import type { PretrainedModel } from "./model.ts";

/** @throws UserError naming what the file lacks, or what its model has that we do not compute */
export async function openGgufModel(source: string, setting: string): Promise<PretrainedModel> {
  using file = await openGguf(source);
  const { metadata } = file;
  const config = ggufModelConfig(file);
  if (!hasTokenizer(metadata)) {
    throw new UserError("pretrained.tokenizer", `Cannot use ${setting}="${source}": the file has no tokenizer`);
  }
  const { json, special } = tokenizerOf(source, metadata);
  const template = chatTemplate(metadata);
  return {
    source,
    config,
    tokenizer: json,
    special,
    ...(template === undefined ? {} : { chatTemplate: template }),
    chatTokens: specialNames(json, special),
    load: async () => (await loadGguf(source)).tensors,
    loadOnDevice: (format) => loadGgufOnDevice(source, format),
  };
}
