// Copies the files beside the weights from the base to the merged model, byte for byte except for requested changes.
import {
  changeJson,
  exists,
  type JsonChange,
  readBytes,
  readJson,
  TORCH_DTYPES,
  type WeightDtype,
} from "../../huggingface/mod.ts";

/** Files that are copied unchanged. */
const COPIED = [
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "tokenizer.model",
  "vocab.json",
  "vocab.txt",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
  "preprocessor_config.json",
  "processor_config.json",
];

/** Changes to `config.json`. */
export interface ConfigChanges {
  /** The type of the weights, if one was chosen. */
  readonly dtype?: WeightDtype | undefined;
  /** Whether to set `tie_word_embeddings` to false. */
  readonly untie: boolean;
  readonly config: readonly JsonChange[];
}

/**
 * Copies the files beside the weights from one model folder to another. In `config.json` only the changed values are
 * rewritten, because transformers distinguishes 30 from 30.0.
 */
export async function copyCompanions(from: string, to: string, changes: ConfigChanges): Promise<void> {
  for (const file of COPIED) {
    if (await exists(`${from}/${file}`)) await Deno.copyFile(`${from}/${file}`, `${to}/${file}`);
  }
  const path = `${from}/config.json`;
  if (!await exists(path)) return;
  const config = await readJson(path);
  await Deno.writeFile(`${to}/config.json`, changeJson(await readBytes(path), configChanges(config, changes)));
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
