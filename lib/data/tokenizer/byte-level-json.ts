// The `tokenizer.json` of byte-level BPE.
import type { TokenizerJson } from "../types.ts";

/** What tokenizers of byte-level BPE differ in, in the terms of `tokenizer.json`. */
export interface ByteLevelParts {
  readonly addedTokens: readonly object[];
  readonly normalizer: object | null;
  readonly preTokenizer: object;
  readonly postProcessor: object | null;
  /** Whether a pretoken that is in the vocabulary as a whole is one token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** The vocabulary, in the order of ids. */
  readonly tokens: readonly string[];
  /** `left right`, the most important first. */
  readonly merges: readonly string[];
}

/** The `tokenizer.json` of a byte-level BPE tokenizer. */
export function byteLevelJson(parts: ByteLevelParts): TokenizerJson {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: parts.addedTokens,
    normalizer: parts.normalizer,
    pre_tokenizer: parts.preTokenizer,
    post_processor: parts.postProcessor,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: parts.ignoreMerges,
      vocab: Object.fromEntries(parts.tokens.map((token, id) => [token, id])),
      merges: parts.merges,
    },
  };
}
