// Whether model folders can be merged weight by weight: the same weights, the same kind of model, the same tokens.
import { UserError } from "../../errors.ts";
import { exists, readBytes, readJson, type WeightFiles } from "../../huggingface/mod.ts";

/**
 * Checks that all folders hold weights of the same names and shapes.
 *
 * @throws UserError `merge.shape` naming the weight and the folders
 */
export function checkSameWeights(folders: readonly WeightFiles[]): void {
  const [first, ...others] = folders;
  for (const other of others) {
    for (const [a, b] of [[first!, other], [other, first!]] as const) {
      for (const [name, { shape }] of a.weights) {
        const found = b.weights.get(name);
        if (found !== undefined && String(found.shape) === String(shape)) continue;
        throw new UserError(
          "merge.shape",
          `Cannot merge "${name}": it is [${shape}] in "${a.folder}" and [${
            found?.shape ?? "missing"
          }] in "${b.folder}"`,
          "only models of one shape can be merged weight by weight",
        );
      }
    }
  }
}

/** What `config.json` says of how the weights are used, and must be the same in all models that say it. */
const SAME_CONFIG = [
  "model_type",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "hidden_act",
  "tie_word_embeddings",
] as const;

/**
 * Checks that the folders' `config.json` describe the same kind of model.
 *
 * @throws UserError `merge.config` naming the key and the folders
 */
export async function checkSameConfigs(folders: readonly string[]): Promise<void> {
  const configs = await Promise.all(
    folders.map(async (folder) => await exists(`${folder}/config.json`) ? await readJson(`${folder}/config.json`) : {}),
  );
  for (const key of SAME_CONFIG) {
    const said = configs.map((config) => config[key]);
    const [i, j] = firstDifference(said);
    if (j === undefined) continue;
    throw new UserError(
      "merge.config",
      `Cannot merge models of which config.json says ${key} ${JSON.stringify(said[i!])} in "${folders[i!]}" ` +
        `and ${JSON.stringify(said[j])} in "${folders[j]}"`,
      "equal weights would mean different things in them",
    );
  }
}

/** The parts of `tokenizer.json` that decide which text is which token. */
const TOKEN_PARTS = ["model", "added_tokens", "normalizer", "pre_tokenizer"] as const;

/**
 * Checks that all folders that have a tokenizer have the same one.
 *
 * @throws UserError `merge.tokenizer` naming the file, its part and the folders
 */
export async function checkSameTokenizers(folders: readonly string[]): Promise<void> {
  const jsons = await Promise.all(
    folders.map(async (folder) =>
      await exists(`${folder}/tokenizer.json`) ? await readJson(`${folder}/tokenizer.json`) : undefined
    ),
  );
  for (const part of TOKEN_PARTS) {
    compare(`its ${part} in tokenizer.json`, folders, jsons.map((json) => json && (json[part] ?? null)));
  }
  for (const file of ["tokenizer.model", "vocab.json", "merges.txt"]) {
    // Where there are tokenizer.json to compare, these say the same.
    if (jsons.every((json) => json !== undefined)) break;
    const contents = await Promise.all(
      folders.map(async (folder) =>
        await exists(`${folder}/${file}`) ? hex(await readBytes(`${folder}/${file}`)) : undefined
      ),
    );
    compare(file, folders, contents);
  }
}

function compare(what: string, folders: readonly string[], values: readonly unknown[]): void {
  const [i, j] = firstDifference(values);
  if (j === undefined) return;
  throw new UserError(
    "merge.tokenizer",
    `Cannot merge models of different tokenizers: ${what} differs between "${folders[i!]}" and "${folders[j]}"`,
    "the same token must mean the same text in all of them",
  );
}

/** The places of the first two values that are there and differ. */
function firstDifference(values: readonly unknown[]): readonly number[] {
  const there = values.keys().filter((i) => values[i] !== undefined).toArray();
  const other = there.find((i) => JSON.stringify(values[i]) !== JSON.stringify(values[there[0]!]));
  return other === undefined ? [] : [there[0]!, other];
}

function hex(bytes: Uint8Array<ArrayBuffer>): string {
  return bytes.toHex();
}
