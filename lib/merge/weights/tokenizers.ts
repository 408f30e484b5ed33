// Checks whether models read a text as the same tokens.
import { UserError } from "../../errors.ts";
import { exists, readBytes, readJson } from "../../huggingface/mod.ts";
import { mergesMeaning, tokenizerMeaning, vocabularyMeaning } from "./tokenizer-meaning.ts";

/** Tokenizer files of older versions, and how to read their meaning. */
const OLD_FILES: Readonly<Record<string, (path: string) => Promise<string>>> = {
  "tokenizer.model": async (path) => (await readBytes(path)).toHex(),
  "vocab.json": async (path) => vocabularyMeaning(await readJson(path)),
  "merges.txt": async (path) => mergesMeaning(new TextDecoder().decode(await readBytes(path))),
  "vocab.txt": async (path) => new TextDecoder().decode(await readBytes(path)).replaceAll("\r\n", "\n").trimEnd(),
};

/**
 * Checks that all folders that have a tokenizer have equivalent ones.
 *
 * @param names of the folders, for messages
 * @returns warnings for tokenizers that are missing, or that cannot be compared
 * @throws UserError `merge.tokenizer` naming the file, its part and the folders
 */
export async function checkSameTokenizers(folders: readonly string[], names = folders): Promise<string[]> {
  const read = async <Value>(file: string, value: (path: string) => Promise<Value>) =>
    await Promise.all(
      folders.map(async (folder) => await exists(`${folder}/${file}`) ? await value(`${folder}/${file}`) : undefined),
    );
  const meanings = await read("tokenizer.json", async (path) => tokenizerMeaning(await readJson(path)));
  for (const part of ["model", "added_tokens", "normalizer", "pre_tokenizer"] as const) {
    compare(`${part} in tokenizer.json`, names, meanings.map((meaning) => meaning?.[part]));
  }
  // With a tokenizer.json in every folder, the other files are redundant.
  if (meanings.every((meaning) => meaning !== undefined)) return [];
  const found = folders.map((_, i): string[] => meanings[i] === undefined ? [] : ["tokenizer.json"]);
  for (const [file, meaning] of Object.entries(OLD_FILES)) {
    const values = await read(file, meaning);
    compare(file, names, values);
    for (const [i, value] of values.entries()) if (value !== undefined) found[i]!.push(file);
  }
  return notCompared(names, found);
}

/** @param found the files of each folder's tokenizer */
function notCompared(names: readonly string[], found: readonly (readonly string[])[]): string[] {
  const first = found.findIndex((files) => files.length > 0);
  if (first < 0) return ["no model has a tokenizer, and so the merged model has none"];
  return names.flatMap((name, i) => {
    if (found[i]!.length === 0) {
      const lost = i === 0 ? ", and the merged model has none, either" : "";
      return [`"${name}" has no tokenizer: its tokens are taken to be those of "${names[first]}"${lost}`];
    }
    if (found[i]!.some((file) => found[first]!.includes(file))) return [];
    return [
      `"${names[first]}" has ${found[first]!.join(" and ")}, and "${name}" has ${found[i]!.join(" and ")}: whether ` +
      "they read a text as the same tokens was not checked",
    ];
  });
}

function compare(what: string, names: readonly string[], values: readonly (string | undefined)[]): void {
  const first = values.findIndex((value) => value !== undefined);
  const other = values.findIndex((value) => value !== undefined && value !== values[first]);
  if (other < 0) return;
  throw new UserError(
    "merge.tokenizer",
    `Cannot merge models with different tokenizers: ${what} differs between "${names[first]}" and "${names[other]}"`,
    "The same token must mean the same text in all of them",
  );
}
