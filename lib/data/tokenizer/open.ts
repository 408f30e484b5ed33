// Opens a Hugging Face tokenizer.json.
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { UserError } from "../../errors.ts";
import type { Tokenizer, TokenizerJson } from "../types.ts";
import { tokenFinder } from "./added-tokens.ts";
import { bpeEncoder, type BpeOptions } from "./bpe.ts";
import { type CheckedTokenizer, checkTokenizer, tokenizerFault } from "./check.ts";
import { type Decoder, decoderOf, tokenBytesOf } from "./decode.ts";
import { END_OF_TEXT, PRETOKEN_PATTERN } from "./pretokens.ts";
import { flatten, normalizerOf, recipeOf, Unsupported } from "./recipe.ts";

/** Names of the token that ends a document, as common models call it, in order of preference. */
const END_OF_TEXT_NAMES = ["<|endoftext|>", "<|end_of_text|>", "<eos>", "</s>", "<|im_end|>"];

/**
 * Opens a `tokenizer.json`. Ids and texts are those of Python's `tokenizers`, which finds added tokens inside a text. The one
 * exception: our own tokenizers read `<|endoftext|>` inside a text as ordinary characters, so that no document can end itself.
 *
 * BPE is encoded here; what {@linkcode Tokenizer.slow} names is left to `@huggingface/tokenizers`.
 *
 * @param options.rows rows of the model's embedding table. If it is padded beyond the vocabulary, the ids of the further
 *   rows count as known and stand for no text, as in Python. @default those of the vocabulary
 * @throws UserError for an unknown type, missing merges, merges of unknown tokens, clashing ids, no end-of-text token
 */
export function openTokenizer(json: TokenizerJson, { rows = 0 }: { readonly rows?: number } = {}): Tokenizer {
  const checked = checkTokenizer(json);
  const vocabSize = Math.max(checked.vocabSize, rows);
  const endName = END_OF_TEXT_NAMES.find((name) => checked.ids.has(name));
  if (endName === undefined) {
    throw tokenizerFault("no-end", "has no token that ends a document", `Add one of ${END_OF_TEXT_NAMES.join(", ")}`);
  }
  const { encode, slow } = encoderOf(json, checked);
  const { join, bytes } = decoding(json, checked);
  return {
    vocabSize,
    endOfText: checked.ids.get(endName)!,
    ...(slow === undefined ? {} : { slow }),
    encode,
    decode(ids, { specialTokens = false } = {}) {
      const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabSize);
      if (wrong !== undefined) {
        throw new UserError("tokenizer.id", `Cannot decode token ${wrong}: ids go from 0 to ${vocabSize - 1}`);
      }
      return join(ids, specialTokens);
    },
    bytes,
  };
}

/** Our encoder, or the library's with the reason. */
function encoderOf(
  json: TokenizerJson,
  checked: CheckedTokenizer,
): { readonly encode: Tokenizer["encode"]; readonly slow?: string } {
  const hidden = isOurs(json) ? END_OF_TEXT : undefined;
  try {
    return { encode: ourEncoder(json, checked, hidden) };
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    const found = checked.added.filter(({ content }) => content !== hidden).map(({ content }) => content);
    const added = json["added_tokens"] as readonly { readonly content: string }[] | undefined;
    const library = openLibrary({
      ...json,
      added_tokens: added?.filter(({ content }) => found.includes(content)) ?? [],
    });
    return { encode: (text) => library.encode(text, { add_special_tokens: false }).ids, slow: error.message };
  }
}

function ourEncoder(json: TokenizerJson, checked: CheckedTokenizer, hidden: string | undefined): Tokenizer["encode"] {
  if (checked.type !== "BPE") throw new Unsupported(`a model of the type ${checked.type ?? "WordPiece"}`);
  const { normalize, split, byteLevel } = recipeOf(json["normalizer"], json["pre_tokenizer"]);
  const encodeWord = bpeEncoder(checked, json["model"] as BpeOptions, { byteLevel });
  const added = checked.added.filter(({ content }) => content !== hidden);
  const inText = tokenFinder(added.filter(({ normalized }) => !normalized), ({ content }) => content);
  const inNormalized = tokenFinder(added.filter(({ normalized }) => normalized), ({ content }) => normalize(content));
  return (text) => {
    const ids: number[] = [];
    inText(text.toWellFormed()).forEach((part, i) => {
      if (typeof part === "number") ids.push(part);
      else {
        inNormalized(normalize(part)).forEach((piece, k) => {
          if (typeof piece === "number") ids.push(piece);
          else for (const word of split(piece, i + k === 0)) encodeWord(word, ids);
        });
      }
    });
    return ids;
  };
}

/** Whether a tokenizer splits text as those that we train. */
function isOurs(json: TokenizerJson): boolean {
  const [first] = flatten(json["pre_tokenizer"], "pretokenizers");
  const pattern = first?.["pattern"] as { readonly Regex?: unknown } | undefined;
  const { ignore_merges } = json["model"] as BpeOptions;
  return pattern?.Regex === PRETOKEN_PATTERN && !json["normalizer"] && !json["post_processor"] && !ignore_merges;
}

/** What decodes ids of the vocabulary, and leaves others out. */
interface Decoding {
  readonly join: (ids: readonly number[], specialTokens: boolean) => string;
  readonly bytes: Tokenizer["bytes"];
}

function decoding(json: TokenizerJson, { tokens, added, vocabSize }: CheckedTokenizer): Decoding {
  let decoder: Decoder;
  let normalize = (text: string) => text;
  try {
    decoder = decoderOf(json["decoder"]);
    if (added.some(({ normalized }) => normalized)) normalize = normalizerOf(json["normalizer"]);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    const library = openLibrary(json);
    return {
      join(ids, specialTokens) {
        const known = ids.filter((id) => id < vocabSize);
        const options = { skip_special_tokens: !specialTokens, clean_up_tokenization_spaces: false };
        return known.length === 0 ? "" : library.decode(known, options);
      },
      bytes() {
        throw withoutBytes(error);
      },
    };
  }
  const special = new Set(added.filter(({ special }) => special).map(({ content }) => content));
  // Python decodes a token that is looked for in normalized text to its normalized form, even if that is not special.
  const normalized = new Map(added.filter(({ normalized }) => normalized).map((t) => [t.id, normalize(t.content)]));
  const shown = (id: number, specialTokens: boolean): string | undefined => {
    const token = normalized.get(id) ?? tokens.get(id);
    return token !== undefined && (specialTokens || !special.has(token)) ? token : undefined;
  };
  let spell: ((token: string) => Uint8Array) | undefined;
  return {
    join: (ids, specialTokens) =>
      decoder(ids.map((id) => shown(id, specialTokens)).filter((token) => token !== undefined)),
    bytes(id, { specialTokens = false } = {}) {
      const token = shown(id, specialTokens);
      if (token === undefined) return undefined;
      try {
        return (spell ??= tokenBytesOf(json["decoder"]))(token);
      } catch (error) {
        throw error instanceof Unsupported ? withoutBytes(error) : error;
      }
    },
  };
}

function withoutBytes({ message }: Unsupported): UserError {
  const hint = "BPE tokenizers that know every byte, such as those of Llama, Qwen and SmolLM2, have them";
  return tokenizerFault("decoder", `gives tokens no bytes of their own: it has ${message}`, hint);
}

function openLibrary(json: TokenizerJson): Library {
  try {
    const complete = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...json };
    return new Library({ added_tokens: [], ...complete }, {});
  } catch (error) {
    throw tokenizerFault("unreadable", `cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}
