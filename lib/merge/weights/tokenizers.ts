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
 * @throws UserError `merge.tokenizer` naming the file, its part and the folders
 */
export async function checkSameTokenizers(folders: readonly string[], names = folders): Promise<void> {
  const read = async <Value>(file: string, value: (path: string) => Promise<Value>) =>
    await Promise.all(
      folders.map(async (folder) => await exists(`${folder}/${file}`) ? await value(`${folder}/${file}`) : undefined),
    );
  const meanings = await read("tokenizer.json", async (path) => tokenizerMeaning(await readJson(path)));
  for (const part of ["model", "added_tokens", "normalizer", "pre_tokenizer"] as const) {
    compare(`${part} in tokenizer.json`, names, meanings.map((meaning) => meaning?.[part]));
  }
  // With a tokenizer.json in every folder, the other files are redundant.
  if (meanings.every((meaning) => meaning !== undefined)) return;
  for (const [file, meaning] of Object.entries(OLD_FILES)) compare(file, names, await read(file, meaning));
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
