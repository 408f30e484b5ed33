// Opens a Hugging Face tokenizer.json after checking it, so that a fault is reported in one sentence.
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { bpeEncoder } from "./encode.ts";
import { BYTE_CHARACTERS, END_OF_TEXT, PRETOKEN_PATTERN } from "./pretokens.ts";
import type { Tokenizer, TokenizerJson } from "../types.ts";

/** Names of the token that ends a document, as common models call it, in order of preference. */
const END_OF_TEXT_NAMES = ["<|endoftext|>", "<|end_of_text|>", "<eos>", "</s>", "<|im_end|>"];

const id = z.int().nonnegative().max(0xffffff);
const merge = z.union([z.string(), z.tuple([z.string(), z.string()])]);
const fileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string().min(1) })).default([]),
  model: z.looseObject({ type: z.string().optional() }),
});
// The vocabulary is checked separately: `z.record` would drop a token named __proto__.
const bpeSchema = z.looseObject({
  vocab: z.custom<Readonly<Record<string, unknown>>>(isObject, "expected an object of tokens and their ids"),
  merges: z.array(merge),
  continuing_subword_prefix: z.string().nullish(),
});

/**
 * Opens a `tokenizer.json`. Ids are those of `@huggingface/tokenizers`, and so of Python's `tokenizers`, which finds added
 * tokens inside a text. The one exception: our own tokenizers read `<|endoftext|>` inside a text as ordinary characters,
 * so that no document can end itself.
 *
 * @param options.rows rows of the model's embedding table. If it is padded beyond the vocabulary, the ids of the further
 *   rows count as known and stand for no text, as in Python. @default those of the vocabulary
 * @throws UserError for an unknown type, missing merges, merges of unknown tokens, clashing ids, no end-of-text token
 */
export function openTokenizer(json: TokenizerJson, { rows = 0 }: { readonly rows?: number } = {}): Tokenizer {
  const { vocabSize: known, ids, merges } = checkTokenizer(json);
  const vocabSize = Math.max(known, rows);
  const endName = END_OF_TEXT_NAMES.find((name) => ids.has(name));
  if (endName === undefined) {
    throw fault("no-end", "has no token that ends a document", `Add one of ${END_OF_TEXT_NAMES.join(", ")}`);
  }
  const library = openLibrary(json);
  return {
    vocabSize,
    endOfText: ids.get(endName)!,
    encode: encoder(json, library, ids, merges),
    decode(tokens, { specialTokens = false } = {}) {
      const wrong = tokens.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabSize);
      if (wrong !== undefined) {
        throw new UserError("tokenizer.id", `Cannot decode token ${wrong}: ids go from 0 to ${vocabSize - 1}`);
      }
      if (tokens.length === 0) return "";
      return library.decode(tokens.filter((token) => token < known), {
        skip_special_tokens: !specialTokens,
        clean_up_tokenization_spaces: false,
      });
    },
  };
}

/** The fast encoder for our own tokenizers; the library for others, and for ours with further added tokens. */
function encoder(
  json: TokenizerJson,
  library: Library,
  ids: ReadonlyMap<string, number>,
  merges: readonly MergePair[],
): Tokenizer["encode"] {
  const encodeBy = (by: Library) => (text: string): number[] => by.encode(text, { add_special_tokens: false }).ids;
  if (!hasOurModel(json, ids)) return encodeBy(library);
  const added = addedTokens(json);
  const others = added.filter(({ content }) => content !== END_OF_TEXT);
  if (others.length === 0) return bpeEncoder(ids, merges, encodeBy(library));
  return encodeBy(others.length === added.length ? library : openLibrary({ ...json, added_tokens: others }));
}

function addedTokens(json: TokenizerJson): readonly { readonly content: string }[] {
  return fileSchema.parse(json).added_tokens;
}

/**
 * Whether everything but the added tokens is as we train it. Then {@linkcode bpeEncoder} gives the library's ids for text
 * without added tokens.
 */
function hasOurModel(json: TokenizerJson, ids: ReadonlyMap<string, number>): boolean {
  const shape = z.looseObject({
    normalizer: z.null(),
    post_processor: z.null(),
    pre_tokenizer: z.looseObject({
      type: z.literal("Sequence"),
      pretokenizers: z.tuple([
        z.looseObject({
          type: z.literal("Split"),
          pattern: z.strictObject({ Regex: z.literal(PRETOKEN_PATTERN) }),
          behavior: z.literal("Isolated"),
          invert: z.literal(false),
        }),
        z.looseObject({
          type: z.literal("ByteLevel"),
          add_prefix_space: z.literal(false),
          use_regex: z.literal(false),
        }),
      ]),
    }),
    model: z.looseObject({
      type: z.literal("BPE"),
      continuing_subword_prefix: z.null(),
      end_of_word_suffix: z.null(),
      ignore_merges: z.literal(false),
    }),
  });
  return shape.safeParse(json).success && BYTE_CHARACTERS.every((character) => ids.has(character));
}

function openLibrary(json: TokenizerJson): Library {
  try {
    const complete = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...json };
    return new Library({ added_tokens: [], ...complete }, {});
  } catch (error) {
    throw fault("unreadable", `cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

type MergePair = readonly [left: string, right: string];

interface Checked {
  readonly vocabSize: number;
  readonly ids: ReadonlyMap<string, number>;
  /** Merges of a BPE model; empty for others. */
  readonly merges: readonly MergePair[];
}

/** Checks that each id belongs to one token, and that merges combine known tokens into known tokens. */
function checkTokenizer(json: TokenizerJson): Checked {
  const file = fileSchema.safeParse(json);
  if (!file.success) {
    throw fault("shape", `is not a Hugging Face tokenizer: ${place(file.error)}`, "Give the tokenizer.json of a model");
  }
  const { type } = file.data.model;
  if (type !== undefined && !["BPE", "Unigram", "WordPiece"].includes(type)) {
    throw fault("unknown-type", `has a model of the unknown type "${type}"`, "BPE, Unigram and WordPiece can be read");
  }
  let merges: readonly MergePair[] = [];
  const ids = new Map<string, number>();
  const tokens = new Map<number, string>();
  const add = (token: string, tokenId: number, where: string) => {
    const other = tokens.get(tokenId) ?? token;
    if (other !== token || (ids.get(token) ?? tokenId) !== tokenId) {
      throw fault(
        "clash",
        `gives id ${tokenId} in ${where} to ${JSON.stringify(token)}, which clashes with ` +
          `${JSON.stringify(other)} at ${ids.get(other) ?? tokenId}`,
        "Each token needs an id of its own",
      );
    }
    ids.set(token, tokenId);
    tokens.set(tokenId, token);
  };
  if (type === "Unigram") {
    const unigram = z.looseObject({ vocab: z.array(z.tuple([z.string(), z.number()])) }).safeParse(file.data.model);
    if (!unigram.success) throw fault("shape", `has a Unigram model without a vocabulary: ${place(unigram.error)}`);
    unigram.data.vocab.forEach(([token], i) => add(token, i, "model.vocab"));
  } else {
    const isBpe = type === "BPE" || (type === undefined && "merges" in file.data.model);
    if (isBpe && !("merges" in file.data.model)) {
      throw fault("missing-merges", "has a BPE model without merges", "Export it again; an empty list is fine");
    }
    const model = (isBpe ? bpeSchema : bpeSchema.omit({ merges: true })).safeParse(file.data.model);
    if (!model.success) throw fault("shape", `has an unreadable model: ${place(model.error)}`);
    for (const [token, value] of Object.entries(model.data.vocab)) {
      const tokenId = id.safeParse(value);
      if (!tokenId.success) {
        throw fault("shape", `has an unreadable model: vocab.${token}: ${tokenId.error.issues[0]!.message}`);
      }
      add(token, tokenId.data, "model.vocab");
    }
    if (isBpe) merges = checkMerges(model.data as z.infer<typeof bpeSchema>, ids);
  }
  for (const token of file.data.added_tokens) add(token.content, token.id, "added_tokens");
  if (ids.size === 0) throw fault("empty", "has no tokens");
  return { vocabSize: [...tokens.keys()].reduce((a, b) => Math.max(a, b)) + 1, ids, merges };
}

function checkMerges(model: z.infer<typeof bpeSchema>, ids: ReadonlyMap<string, number>): MergePair[] {
  const prefix = model.continuing_subword_prefix ?? "";
  return model.merges.map((one, i): MergePair => {
    const parts = typeof one === "string" ? one.split(" ") : one;
    const [left, right] = parts;
    if (parts.length !== 2 || left === undefined || right === undefined) {
      throw fault("merge", `has a merge ${i} of ${JSON.stringify(one)}, which is not two tokens`);
    }
    const merged = left + (right.startsWith(prefix) ? right.slice(prefix.length) : right);
    const unknown = [left, right, merged].find((token) => !ids.has(token));
    if (unknown !== undefined) {
      throw fault("merge", `has a merge ${i} of ${JSON.stringify(one)}, but no token ${JSON.stringify(unknown)}`);
    }
    return [left, right];
  });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function place(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join(".") || "the file"}: ${issue.message}`;
}

function fault(code: string, what: string, hint?: string): UserError {
  return new UserError(`tokenizer.${code}`, `The tokenizer.json ${what}`, hint);
}
