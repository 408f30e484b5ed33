// The tokens of a `tokenizer.json`, and how they spell text.
import { UserError } from "../../errors.ts";
import { exists, readJson } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";
import { EMBEDDINGS } from "../inputs/names.ts";

export type Json = Readonly<Record<string, unknown>>;

/** An entry of `added_tokens`. */
export interface AddedToken extends Json {
  readonly id: number;
  readonly content: string;
}

/** A model's tokenizer. */
export interface Vocabulary {
  readonly json: Json;
  /** Ids by token. */
  readonly ids: ReadonlyMap<string, number>;
  readonly added: readonly AddedToken[];
}

/** How to get a `tokenizer.json`. */
export const BY_TRANSFORMERS =
  "load its tokenizer with AutoTokenizer of Python's transformers and save it with save_pretrained()";

export function wrong(message: string, hint: string): UserError {
  return new UserError("merge.tokenizer", message, hint);
}

/** Files of tokenizers without a `tokenizer.json`. */
const OTHER_FILES = ["tokenizer.model", "vocab.json", "vocab.txt"];

/**
 * Reads a folder's tokenizer.
 *
 * @returns undefined if the folder has none
 * @throws UserError `merge.tokenizer` for a tokenizer of another form, or a malformed one
 */
export async function readVocabulary(
  { name, folder }: Pick<Input, "name" | "folder">,
): Promise<Vocabulary | undefined> {
  const path = `${folder}/tokenizer.json`;
  if (await exists(path)) return vocabularyOf(name, await readJson(path));
  for (const file of OTHER_FILES) {
    if (!await exists(`${folder}/${file}`)) continue;
    throw wrong(
      `Cannot align the vocabulary of "${name}": it has ${file}, but no tokenizer.json`,
      BY_TRANSFORMERS,
    );
  }
  return undefined;
}

/** The tokens of a `tokenizer.json`. @param name of the model, for messages */
export function vocabularyOf(name: string, json: Json): Vocabulary {
  const model = json.model as Json | undefined;
  const vocab = model?.vocab;
  const listed: [unknown, unknown][] = Array.isArray(vocab)
    ? vocab.map((entry, id) => [Array.isArray(entry) ? entry[0] : undefined, id])
    : Object.entries(typeof vocab === "object" && vocab !== null ? vocab : {});
  const added = (Array.isArray(json.added_tokens) ? json.added_tokens : []) as AddedToken[];
  const all = [...listed, ...added.map((token) => [token?.content, token?.id])];
  const isToken = ([token, id]: readonly unknown[]) =>
    typeof token === "string" && Number.isInteger(id) && (id as number) >= 0;
  if (all.length === 0 || !all.every(isToken)) {
    throw wrong(
      `Cannot align the vocabulary of "${name}": its tokenizer.json does not list tokens with their ids`,
      BY_TRANSFORMERS,
    );
  }
  return { json, ids: new Map(all as [string, number][]), added };
}

/** How the tokens of a tokenizer spell text; equal tokens of different spellings are different text. */
export function spellingOf({ json }: Vocabulary): string {
  const steps = JSON.stringify([json.normalizer, json.pre_tokenizer, json.decoder]);
  if (steps.includes('"ByteLevel"')) return "the bytes of a text as letters (Ġ for a space)";
  if (steps.includes('"Metaspace"') || steps.includes("▁")) return "▁ for a space";
  const type = (json.model as Json).type;
  return type === "WordPiece" ? "parts of words (## inside a word)" : "text as it is";
}

/** The number of rows of a model's embeddings. */
export function embeddingRows({ name, files: { weights } }: Input): number {
  const found = weights.entries().find(([name]) => EMBEDDINGS.test(name))?.[1].shape[0];
  if (found !== undefined) return found;
  throw wrong(
    `Cannot align the vocabulary of "${name}": it has no token embeddings under a known name`,
    "models with one tokenizer merge without aligning: leave out the tokenizer's source",
  );
}

/** The tokenizer without tokens whose ids have no row of the embeddings. @throws UserError for kinds other than BPE */
export function stripped(name: string, vocabulary: Vocabulary, rows: number): Vocabulary {
  const unused = new Set(vocabulary.ids.entries().flatMap(([token, id]) => id >= rows ? [token] : []));
  if (unused.size === 0) return vocabulary;
  const { json } = vocabulary;
  const model = json.model as Json;
  if (!Array.isArray(model.merges) || typeof model.vocab !== "object") {
    throw wrong(
      `Cannot align the vocabulary of "${name}": ${unused.size} of its tokens have no row of the embeddings, and they ` +
        "can only be taken out of byte pair encodings",
      "take the tokens without a row out of its tokenizer.json",
    );
  }
  const vocab = Object.fromEntries(Object.entries(model.vocab as Json).filter(([token]) => !unused.has(token)));
  const merges = model.merges.filter((merge) => {
    const parts: string[] = typeof merge === "string" ? merge.split(" ") : merge;
    return [...parts, parts.join("")].every((token) => !unused.has(token));
  });
  const added_tokens = vocabulary.added.filter(({ id }) => id < rows);
  return vocabularyOf(name, { ...json, added_tokens, model: { ...model, vocab, merges } });
}
