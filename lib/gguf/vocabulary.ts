// A `tokenizer.json` as the metadata that llama.cpp reads: byte-level BPE only.
import { openTokenizer, PRETOKEN_PATTERN, type TokenizerJson } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import type { SpecialIds } from "../huggingface/mod.ts";
import { bool, type Entry, i32s, string, strings, u32 } from "./encode.ts";
import { PRE_TOKENIZERS, type PreTokenizerName } from "./pre-tokenizers.ts";
import { TOKEN_TYPES, WHOLE_TOKENIZER } from "./tokenizer.ts";

/**
 * The way that llama.cpp splits text most like our own tokenizers: single digits, line ends by themselves. It never joins
 * what ours split, except with characters that our merges do not join; it splits letters from combining marks, which ours
 * keep together. So ids are equal but for words written with combining marks, such as Hindi.
 */
const NEAREST_TO_OURS: PreTokenizerName = "qwen2";

/**
 * Metadata entries for a tokenizer. The whole `tokenizer.json` is among them, from which it is read back unchanged.
 *
 * @param rows of the embedding table; ids without a token get one that is never used, because llama.cpp wants one for
 *   each row
 * @param special ids of BOS, EOS and padding
 * @throws UserError `gguf.tokenizer` when llama.cpp has no tokenizer like it, or it has more tokens than rows
 */
export function tokenizerEntries(path: string, json: TokenizerJson, rows: number, special: SpecialIds): Entry[] {
  const { vocabSize } = openTokenizer(json);
  if (vocabSize > rows) {
    throw writingError(path, `its ${vocabSize} tokens are more than the ${rows} rows of the embedding table`);
  }
  const { pre, own } = preTokenizerOf(path, json);
  const model = json["model"] as {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly Merge[];
  };
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = Array.from({ length: rows }, () => TOKEN_TYPES.unused as number);
  for (const [token, id] of Object.entries(model.vocab)) [tokens[id], types[id]] = [token, TOKEN_TYPES.normal];
  for (const { content, id, special } of addedTokens(json)) {
    [tokens[id], types[id]] = [content, special ? TOKEN_TYPES.control : TOKEN_TYPES.userDefined];
  }
  const { bos, eos, pad } = special;
  return [
    string("tokenizer.ggml.model", "gpt2"),
    string("tokenizer.ggml.pre", pre),
    strings("tokenizer.ggml.tokens", tokens),
    i32s("tokenizer.ggml.token_type", types),
    strings("tokenizer.ggml.merges", model.merges.map((merge) => typeof merge === "string" ? merge : merge.join(" "))),
    ...(bos === undefined ? [] : [u32("tokenizer.ggml.bos_token_id", bos)]),
    ...(eos === undefined ? [] : [u32("tokenizer.ggml.eos_token_id", eos)]),
    ...(pad === undefined ? [] : [u32("tokenizer.ggml.padding_token_id", pad)]),
    // Our models have read <|endoftext|> before every document.
    bool("tokenizer.ggml.add_bos_token", bos !== undefined && (own || beginsWithSpecial(json))),
    string(WHOLE_TOKENIZER, JSON.stringify(json)),
  ];
}

type Merge = string | readonly string[];

function addedTokens(json: TokenizerJson) {
  return (json["added_tokens"] ?? []) as readonly {
    readonly id: number;
    readonly content: string;
    readonly special?: boolean;
  }[];
}

/** The name of the way that a tokenizer splits text, and whether it is our own, for which llama.cpp has none. */
function preTokenizerOf(path: string, json: TokenizerJson): { readonly pre: PreTokenizerName; readonly own: boolean } {
  const model = json["model"] as { readonly type?: string; readonly ignore_merges?: boolean };
  const parts = splitParts(json["pre_tokenizer"]);
  const isPlain = isEmpty(json["normalizer"]) && !model.ignore_merges;
  if (model.type === "BPE") {
    if (isPlain && parts === splitParts(OUR_PRE_TOKENIZER)) return { pre: NEAREST_TO_OURS, own: true };
    for (const [name, { normalizer, pre_tokenizer, ignore_merges }] of Object.entries(PRE_TOKENIZERS)) {
      const same = parts === splitParts(pre_tokenizer) && (model.ignore_merges ?? false) === ignore_merges &&
        typeOf(json["normalizer"]) === typeOf(normalizer);
      if (same) return { pre: name as PreTokenizerName, own: false };
    }
  }
  throw writingError(path, "llama.cpp has no byte-level BPE that splits text as its tokenizer does");
}

const OUR_PRE_TOKENIZER = {
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex: PRETOKEN_PATTERN }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, use_regex: false },
  ],
};

/** What decides how a `pre_tokenizer` splits, in one form for all ways to write it. */
function splitParts(value: unknown): string {
  const step = value as Readonly<Record<string, unknown>> | null | undefined;
  switch (step?.["type"]) {
    case "Sequence":
      return (step["pretokenizers"] as unknown[]).map(splitParts).join("\n");
    case "ByteLevel":
      return `ByteLevel ${step["add_prefix_space"] ?? true} ${step["use_regex"] ?? true}`;
    case "Split":
      return `Split ${JSON.stringify(step["pattern"])} ${step["behavior"]} ${step["invert"] ?? false}`;
    case "Digits":
      return `Digits ${step["individual_digits"] ?? false}`;
    default:
      return JSON.stringify(value);
  }
}

const isEmpty = (value: unknown) => value === null || value === undefined;
const typeOf = (value: unknown) => isEmpty(value) ? undefined : (value as { readonly type?: unknown }).type;

function beginsWithSpecial(json: TokenizerJson): boolean {
  const post = json["post_processor"] as { readonly single?: readonly object[] } | null | undefined;
  return post?.single?.[0] !== undefined && "SpecialToken" in post.single[0];
}

function writingError(path: string, what: string): UserError {
  return new UserError(
    "gguf.tokenizer",
    `Cannot write "${path}": ${what}`,
    "Write a Hugging Face folder instead, which takes any tokenizer",
  );
}
