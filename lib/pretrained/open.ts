// Opens a model that was trained elsewhere, wherever it is. What it is comes from headers; weights are read later.
import { openTokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { openFolder } from "./folder.ts";
import { openGgufModel } from "./gguf.ts";
import { hubCheckpoint, hubOutline, isHubId } from "./hub/checkpoint.ts";
import type { PretrainedModel } from "./model.ts";

/** The folder in which `deno task model get` puts models; no organization on the hub has this name. */
const MODELS_FOLDER = "models";

/** How to open a checkpoint. */
export interface OpenOptions {
  /** Whether it is opened for a plan: a model on the hub is then opened without its weights. @default false */
  readonly plan?: boolean | undefined;
}

/**
 * Opens a checkpoint: a Hugging Face folder, a `.gguf` file, or a model on the Hugging Face hub, which is downloaded into the
 * hub's cache first; for a plan, all but its weights. Only configuration, tokenizer and headers are read.
 *
 * @param source a path, or else an id on the hub: `org/model` or `org/model@revision`
 * @param setting the setting that names it, for error messages: `pretrained.seed`
 * @throws UserError `pretrained.missing`, `hub.*`, `pretrained.format`, `pretrained.pickle`, `pretrained.config`,
 *   `pretrained.tokenizer`, `pretrained.vocabulary`, and the errors of reading config.json, safetensors and GGUF
 */
export async function openPretrained(
  source: string,
  setting: string,
  { plan = false }: OpenOptions = {},
): Promise<PretrainedModel> {
  const model = await openSource(source, setting, plan);
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

async function openSource(source: string, setting: string, plan: boolean): Promise<PretrainedModel> {
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
  if (source.startsWith(`${MODELS_FOLDER}/`)) {
    throw new UserError(
      "pretrained.missing",
      `Cannot read ${setting}="${source}": there is no such folder or file`,
      source === `${MODELS_FOLDER}/smollm2`
        ? "run `deno task model get smollm2`, which downloads the model and writes this folder"
        : `\`deno task model get\` writes models into ${MODELS_FOLDER}/`,
    );
  }
  if (isHubId(source)) {
    const failure = `Cannot use ${setting}="${source}" (no such path, so taken for a model on the Hugging Face hub)`;
    if (plan) {
      const { folder, pinned, bytes } = await hubOutline(source, failure);
      const isThere = bytes === 0;
      if (!isThere) console.error(`A run downloads ${pinned} from the hub (${(bytes / 1e6).toFixed(1)} MB)`);
      return { ...await openFolder(folder, setting, { weights: isThere }), source: pinned };
    }
    const { folder, pinned } = await hubCheckpoint(source, failure, reportDownload);
    return { ...await openFolder(folder, setting), source: pinned };
  }
  throw new UserError(
    "pretrained.missing",
    `Cannot read ${setting}="${source}": there is no such folder or file`,
    "name a Hugging Face folder, which has a config.json, a .gguf file, or a model on the hub (org/model)",
  );
}

/** A download takes a while, before there is a run to watch. */
function reportDownload(path: string, bytes: number): void {
  console.error(`Downloading ${path} (${(bytes / 1e6).toFixed(1)} MB)`);
}
