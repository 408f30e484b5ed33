// Copies the files beside the weights from the base to the merged model, byte for byte except for requested changes.
import {
  changeJson,
  exists,
  type JsonChange,
  readBytes,
  readJson,
  remoteCode,
  TORCH_DTYPES,
  type WeightDtype,
} from "../../huggingface/mod.ts";
import { readConfig } from "../inputs/tied.ts";
import type { MergedTokenizer } from "../vocabulary/tokenizer.ts";

/** The files of a tokenizer, copied unchanged. */
const TOKENIZER = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
];
/** Forms of a tokenizer that lack what `tokenizer.json` may have more. */
const OLD_TOKENIZER = ["added_tokens.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt"];
/** Other files that are copied unchanged. */
const OTHERS = ["preprocessor_config.json", "processor_config.json"];

/** Changes to `config.json`. */
export interface ConfigChanges {
  /** The type of the weights, if one was chosen. */
  readonly dtype?: WeightDtype | undefined;
  /** Whether to set `tie_word_embeddings` to false. */
  readonly untie: boolean;
  readonly config: readonly JsonChange[];
  /** The tokenizer, if it is not that of the model. */
  readonly tokenizer?: MergedTokenizer | undefined;
  /** In Jinja, if one was chosen. */
  readonly chatTemplate?: string | undefined;
}

/**
 * Copies the files beside the weights from one model folder to another. In `config.json` only the changed values are
 * rewritten, because transformers distinguishes 30 from 30.0.
 */
export async function copyCompanions(from: string, to: string, changes: ConfigChanges): Promise<void> {
  const { tokenizer, chatTemplate } = changes;
  const tokens = tokenizer?.folder ?? from;
  const copy = async (folder: string, files: readonly string[]) => {
    for (const file of files) {
      if (await exists(`${folder}/${file}`)) await Deno.copyFile(`${folder}/${file}`, `${to}/${file}`);
    }
  };
  await copy(tokens, TOKENIZER);
  if (tokenizer?.json === undefined) await copy(tokens, OLD_TOKENIZER);
  await copy(from, OTHERS);
  // It has ids of tokens.
  await copy(await exists(`${tokens}/generation_config.json`) ? tokens : from, ["generation_config.json"]);
  for (const folder of new Set([tokens, from])) await copy(folder, (await remoteCode(folder)).files);
  if (tokenizer?.json !== undefined) {
    await Deno.writeTextFile(`${to}/tokenizer.json`, JSON.stringify(tokenizer.json, null, 2) + "\n");
  }
  if (chatTemplate !== undefined) await Deno.writeTextFile(`${to}/chat_template.jinja`, chatTemplate);
  const path = `${from}/config.json`;
  if (!await exists(path)) return;
  const config = await readJson(path);
  const other = tokens === from ? undefined : await readConfig(tokens);
  const all = [...configChanges(config, changes), ...vocabularyChanges(config, tokenizer?.rows, other)];
  await Deno.writeFile(`${to}/config.json`, changeJson(await readBytes(path), all));
}

/** The size of the vocabulary, and the ids of special tokens that another tokenizer has. */
function vocabularyChanges(config: Config, rows: number | undefined, other: Config | undefined): JsonChange[] {
  if (rows === undefined) return [];
  const part = config.text_config as Config | null | undefined;
  const place = part?.vocab_size !== undefined && config.vocab_size === undefined ? ["text_config"] : [];
  const ids = Object.entries(other ?? {}).filter(([key]) => key.endsWith("_token_id")) as [
    string,
    JsonChange["value"],
  ][];
  const changed = ids.map(([key, value]) => ({ path: [key], value }));
  return (place.length === 0 ? config : part!).vocab_size === rows
    ? changed
    : [{ path: [...place, "vocab_size"], value: rows }, ...changed];
}

type Config = Readonly<Record<string, unknown>>;

function configChanges(config: Config, { dtype, untie, config: others }: ConfigChanges): JsonChange[] {
  const changes = [...others];
  // Configurations of parts, such as text_config, repeat these keys.
  const parts = Object.entries(config).filter(([key, value]) => key.endsWith("_config") && isObject(value));
  const places = [[[], config], ...parts.map(([key, value]) => [[key], value])] as [string[], Config][];
  if (dtype !== undefined) {
    // transformers 5 renamed `torch_dtype` to `dtype`.
    const keys = (object: Config) => ["dtype", "torch_dtype"].filter((key) => typeof object[key] === "string");
    for (const [place, object] of places) {
      for (const key of keys(object)) changes.push({ path: [...place, key], value: TORCH_DTYPES[dtype] });
    }
    if (keys(config).length === 0) changes.push({ path: ["torch_dtype"], value: TORCH_DTYPES[dtype] });
  }
  if (untie) {
    const tied = places.filter(([place, { tie_word_embeddings }]) =>
      place.length === 0 || tie_word_embeddings === true
    );
    for (const [place] of tied) changes.push({ path: [...place, "tie_word_embeddings"], value: false });
  }
  return changes;
}

const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
