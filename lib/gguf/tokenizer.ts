// The tokenizer in a GGUF file's metadata as Hugging Face's `tokenizer.json`.
import {
  addedTokenJson,
  beginsWith,
  byteLevelJson,
  type NamedToken,
  sentencePieceJson,
  type TokenizerJson,
} from "../data/mod.ts";
import { UserError } from "../errors.ts";
import type { SpecialIds } from "../huggingface/mod.ts";
import { isPreTokenizer, PRE_TOKENIZERS } from "./pre-tokenizers.ts";
import { ggufError, type Metadata } from "./types.ts";

/** Where a whole `tokenizer.json` may be; it says more than llama.cpp's keys, so it is preferred. */
export const WHOLE_TOKENIZER = "tokenizer.huggingface.json";

/** The kinds of tokens in `tokenizer.ggml.token_type`. */
export const TOKEN_TYPES = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** What a file says about text. */
export interface GgufTokenizer {
  readonly json: TokenizerJson;
  readonly special: SpecialIds;
}

/** Whether a file has a tokenizer, of whatever kind. */
export function hasTokenizer(metadata: Metadata): boolean {
  const model = metadata.get("tokenizer.ggml.model");
  return metadata.has(WHOLE_TOKENIZER) || (model !== undefined && model !== "none" && model !== "no_vocab");
}

/**
 * The tokenizer of a file.
 *
 * @throws UserError `gguf.tokenizer` naming the kind of tokenizer or pre-tokenizer that we cannot reproduce exactly, or
 *   what is missing or malformed
 */
export function tokenizerOf(path: string, metadata: Metadata): GgufTokenizer {
  const special = specialIdsOf(path, metadata);
  const whole = metadata.get(WHOLE_TOKENIZER);
  if (whole !== undefined) return { json: parseWhole(path, whole), special };
  const model = metadata.get("tokenizer.ggml.model");
  if (model === "gpt2") return { json: byteLevelOf(path, metadata, special), special };
  if (model === "llama") return { json: sentencePieceOf(path, metadata, special), special };
  throw tokenizerError(
    path,
    `its tokenizer is of the kind ${
      JSON.stringify(model)
    }; byte-level BPE ("gpt2") and SentencePiece BPE ("llama") are read`,
  );
}

function byteLevelOf(path: string, metadata: Metadata, special: SpecialIds): TokenizerJson {
  const pre = metadata.get("tokenizer.ggml.pre");
  if (!isPreTokenizer(pre)) {
    const named = pre === undefined ? "is not named" : `is ${JSON.stringify(pre)}`;
    const known = Object.keys(PRE_TOKENIZERS).join(", ");
    throw tokenizerError(path, `the way its tokenizer splits text (tokenizer.ggml.pre) ${named}; ${known} are known`);
  }
  if (metadata.get("tokenizer.ggml.add_space_prefix") === true) {
    throw tokenizerError(path, "its tokenizer puts a space before a text (tokenizer.ggml.add_space_prefix)");
  }
  const tokens = strings(path, metadata, "tokenizer.ggml.tokens");
  const splitting = PRE_TOKENIZERS[pre];
  return byteLevelJson({
    addedTokens: added(path, metadata, tokens),
    normalizer: splitting.normalizer,
    preTokenizer: splitting.pre_tokenizer,
    postProcessor: postProcessor(path, metadata, special, tokens, splitting.addBos),
    ignoreMerges: splitting.ignore_merges,
    tokens,
    merges: strings(path, metadata, "tokenizer.ggml.merges"),
  });
}

function sentencePieceOf(path: string, metadata: Metadata, special: SpecialIds): TokenizerJson {
  const tokens = strings(path, metadata, "tokenizer.ggml.tokens");
  const scores = metadata.get("tokenizer.ggml.scores");
  if (
    !Array.isArray(scores) || scores.length !== tokens.length || !scores.every((score) => typeof score === "number")
  ) {
    throw ggufError(path, "tokenizer", "its tokenizer.ggml.scores does not have one number for each token");
  }
  const unknown = tokens[Number(metadata.get("tokenizer.ggml.unknown_token_id") ?? 0)];
  if (unknown === undefined) throw tokenizerError(path, "its tokenizer.ggml.unknown_token_id names no token");
  return sentencePieceJson({
    addedTokens: added(path, metadata, tokens),
    addsSpace: metadata.get("tokenizer.ggml.add_space_prefix") !== false,
    postProcessor: postProcessor(path, metadata, special, tokens, true),
    pieces: tokens.map((piece, id) => ({ piece, score: scores[id] as number })),
    unknown,
    byteFallback: tokens.includes("<0x00>"),
  });
}

/** What puts BOS before a text, if the file says so or llama.cpp does it anyway. */
function postProcessor(
  path: string,
  metadata: Metadata,
  special: SpecialIds,
  tokens: readonly string[],
  byDefault: boolean,
): object | null {
  const addsBos = metadata.get("tokenizer.ggml.add_bos_token") ?? byDefault;
  return addsBos === true ? beginsWith(bosToken(path, special, tokens)) : null;
}

function bosToken(path: string, { bos }: SpecialIds, tokens: readonly string[]): NamedToken {
  const content = bos === undefined ? undefined : tokens[bos];
  if (content !== undefined) return { id: bos!, content };
  throw tokenizerError(path, "its tokenizer puts BOS before a text, but tokenizer.ggml.bos_token_id names no token");
}

/** The chat template, in Jinja, if the file has one. */
export function chatTemplate(metadata: Metadata): string | undefined {
  const template = metadata.get("tokenizer.chat_template");
  return typeof template === "string" ? template : undefined;
}

function parseWhole(path: string, text: unknown): TokenizerJson {
  try {
    const json = JSON.parse(String(text));
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  } catch { /* said below */ }
  throw tokenizerError(path, `its metadata "${WHOLE_TOKENIZER}" is not a JSON object`);
}

function specialIdsOf(path: string, metadata: Metadata): SpecialIds {
  const ids: Record<string, number> = {};
  for (const [role, key] of Object.entries({ bos: "bos", eos: "eos", pad: "padding" })) {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    if (id === undefined) continue;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0) {
      throw tokenizerError(path, `its tokenizer.ggml.${key}_token_id is ${String(id)}, not a token's number`);
    }
    ids[role] = id;
  }
  return ids;
}

function strings(path: string, metadata: Metadata, key: string): readonly string[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
  throw ggufError(
    path,
    "tokenizer",
    `its metadata "${key}" is ${value === undefined ? "missing" : "not a list of texts"}`,
  );
}

/** The tokens that are found in a text before it is split. */
function added(path: string, metadata: Metadata, tokens: readonly string[]): object[] {
  const seen = new Set<string>();
  const duplicate = tokens.find((token) => seen.size === seen.add(token).size);
  if (duplicate !== undefined) {
    throw tokenizerError(path, `its vocabulary has the token ${JSON.stringify(duplicate)} twice`);
  }
  const types = metadata.get("tokenizer.ggml.token_type") ?? tokens.map(() => TOKEN_TYPES.normal);
  if (!Array.isArray(types) || types.length !== tokens.length) {
    throw ggufError(path, "tokenizer", `its tokenizer.ggml.token_type does not have one type for each token`);
  }
  return tokens.flatMap((content, id) => {
    const special = types[id] === TOKEN_TYPES.control || types[id] === TOKEN_TYPES.unknown;
    if (!special && types[id] !== TOKEN_TYPES.userDefined) return [];
    return [addedTokenJson({ id, content }, special)];
  });
}

/** The error for a tokenizer that cannot be used. */
export function tokenizerError(path: string, what: string): UserError {
  return new UserError(
    "gguf.tokenizer",
    `Cannot use "${path}": ${what}`,
    "Use the model's Hugging Face folder, which has its tokenizer.json",
  );
}
