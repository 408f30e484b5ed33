// The files beside the weights of a merged model: the base's own, byte for byte where nothing is asked of them.
import { changeJson, exists, type JsonChange, readBytes, readJson, type WeightDtype } from "../../huggingface/mod.ts";

/** Files besides the weights that make a model folder, copied as they are. */
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

/** Names that PyTorch and `config.json` have for the types. */
export const TORCH_DTYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

/** What a merge changes in `config.json`. */
export interface ConfigChanges {
  /** The type of the weights, if it was chosen. */
  readonly dtype?: WeightDtype | undefined;
  /** Whether the file says that the head is tied to the embeddings, and it is not. */
  readonly untie: boolean;
}

/**
 * Copies the files beside the weights from one model folder to another. `config.json` keeps its bytes, too, but for the
 * values that change: transformers minds whether a number is written 30 or 30.0.
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

function configChanges(config: Config, { dtype, untie }: ConfigChanges): JsonChange[] {
  const changes: JsonChange[] = [];
  // The configurations of parts, such as text_config, say it again.
  const parts = Object.entries(config).filter(([key, value]) => key.endsWith("_config") && isObject(value));
  const places = [[[], config], ...parts.map(([key, value]) => [[key], value])] as [string[], Config][];
  if (dtype !== undefined) {
    // transformers 5 calls `dtype` what versions before called `torch_dtype`.
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
