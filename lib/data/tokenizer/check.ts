// Checks a tokenizer.json, so that a fault is reported in one sentence.
import { z } from "zod";
import { UserError } from "../../errors.ts";
import type { TokenizerJson } from "../types.ts";
import type { AddedToken } from "./added-tokens.ts";
import type { Merge } from "./merge.ts";

const flag = z.boolean().default(false);
const fileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({
    id: z.int().nonnegative().max(0xffffff),
    content: z.string().min(1),
    single_word: flag,
    lstrip: flag,
    rstrip: flag,
    normalized: z.boolean().optional(),
    special: flag,
  })).nullish(),
  model: z.looseObject({
    type: z.string().optional(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
  }),
});

/** What a tokenizer.json holds. */
export interface CheckedTokenizer {
  /** The highest id, and one. */
  readonly vocabSize: number;
  /** `BPE`, `Unigram`, `WordPiece`; undefined if the file does not say. */
  readonly type: string | undefined;
  /** Ids of the model's tokens. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Ids of all tokens. */
  readonly ids: ReadonlyMap<string, number>;
  readonly tokens: ReadonlyMap<number, string>;
  readonly added: readonly AddedToken[];
  /** Merges of a BPE model; empty for others. */
  readonly merges: readonly Merge[];
}

/**
 * Checks that each id belongs to one token, and that merges combine known tokens into known tokens.
 *
 * @throws UserError for an unknown type, missing merges, merges of unknown tokens, clashing ids
 */
export function checkTokenizer(json: TokenizerJson): CheckedTokenizer {
  const file = fileSchema.safeParse(json);
  if (!file.success) {
    const { path, message } = file.error.issues[0]!;
    const what = `is not a Hugging Face tokenizer: ${path.join(".") || "the file"}: ${message}`;
    throw tokenizerFault("shape", what, "Give the tokenizer.json of a model");
  }
  const { model } = file.data;
  const { type } = model;
  if (type !== undefined && !["BPE", "Unigram", "WordPiece"].includes(type)) {
    throw tokenizerFault(
      "unknown-type",
      `has a model of the unknown type "${type}"`,
      "BPE, Unigram and WordPiece can be read",
    );
  }
  const vocabulary = new Map(type === "Unigram" ? unigramTokens(model["vocab"]) : tokensOf(model["vocab"]));
  const isBpe = type === "BPE" || (type === undefined && "merges" in model);
  if (isBpe && !("merges" in model)) {
    throw tokenizerFault("missing-merges", "has a BPE model without merges", "Export it again; an empty list is fine");
  }
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  const add = (token: string, id: number, where: string) => {
    const other = tokens.get(id) ?? token;
    if (other !== token || (ids.get(token) ?? id) !== id) {
      throw tokenizerFault(
        "clash",
        `gives id ${id} in ${where} to ${JSON.stringify(token)}, which clashes with ` +
          `${JSON.stringify(other)} at ${ids.get(other) ?? id}`,
        "Each token needs an id of its own",
      );
    }
    ids.set(token, id);
    tokens.set(id, token);
  };
  for (const [token, id] of vocabulary) add(token, id, "model.vocab");
  const prefix = model.continuing_subword_prefix ?? "";
  const merges = isBpe ? mergesOf(model["merges"], prefix, vocabulary) : [];
  const added = (file.data.added_tokens ?? []).map((token): AddedToken => {
    add(token.content, token.id, "added_tokens");
    const { id, content, single_word: singleWord, lstrip, rstrip, special } = token;
    return { id, content, singleWord, lstrip, rstrip, special, normalized: token.normalized ?? !special };
  });
  if (ids.size === 0) throw tokenizerFault("empty", "has no tokens");
  let highest = 0;
  for (const id of tokens.keys()) highest = Math.max(highest, id);
  return { vocabSize: highest + 1, type: isBpe ? "BPE" : type, vocabulary, ids, tokens, added, merges };
}

/** Without Zod, which would take long for so many, and would drop a token named `__proto__`. */
function tokensOf(vocab: unknown): [string, number][] {
  if (typeof vocab !== "object" || vocab === null || Array.isArray(vocab)) {
    throw tokenizerFault("shape", "has an unreadable model: vocab: expected an object of tokens and their ids");
  }
  const entries = Object.entries(vocab);
  for (const [token, id] of entries) {
    if (Number.isInteger(id) && id >= 0 && id <= 0xffffff) continue;
    const given = JSON.stringify(id);
    throw tokenizerFault("shape", `has an unreadable model: vocab.${token}: ${given} is not a token's id`);
  }
  return entries as [string, number][];
}

function unigramTokens(vocab: unknown): [string, number][] {
  const found = z.array(z.tuple([z.string(), z.number()])).safeParse(vocab);
  if (!found.success) throw tokenizerFault("shape", "has a Unigram model without a vocabulary");
  return found.data.map(([token], id) => [token, id]);
}

function mergesOf(merges: unknown, prefix: string, vocabulary: ReadonlyMap<string, number>): Merge[] {
  if (!Array.isArray(merges)) throw tokenizerFault("shape", "has an unreadable model: merges: expected a list");
  return merges.map((one: unknown, i): Merge => {
    const fault = (what: string) => tokenizerFault("merge", `has a merge ${i} of ${JSON.stringify(one)}, ${what}`);
    const parts: unknown = typeof one === "string" ? one.split(" ") : one;
    if (!Array.isArray(parts) || parts.length !== 2 || parts.some((part) => typeof part !== "string")) {
      throw fault("which is not two tokens");
    }
    const [left, right] = parts as [string, string];
    const idOf = (token: string): number => {
      const id = vocabulary.get(token);
      if (id === undefined) throw fault(`but no token ${JSON.stringify(token)}`);
      return id;
    };
    return [idOf(left), idOf(right), idOf(left + (right.startsWith(prefix) ? right.slice(prefix.length) : right))];
  });
}

/** The error for a tokenizer.json that cannot be used. */
export function tokenizerFault(code: string, what: string, hint?: string): UserError {
  return new UserError(`tokenizer.${code}`, `The tokenizer.json ${what}`, hint);
}
