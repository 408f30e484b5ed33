// The `tokenizer.json` of SentencePiece BPE with byte fallback, as Llama 2 and Mistral have it.
import type { TokenizerJson } from "../types.ts";

/** What tokenizers of SentencePiece BPE differ in. */
export interface SentencePieceParts {
  readonly addedTokens: readonly object[];
  /** Whether a text, and what follows an added token in it, begins with a space that is not there. */
  readonly addsSpace: boolean;
  readonly postProcessor: object | null;
  /** The pieces in the order of ids. */
  readonly pieces: readonly { readonly piece: string; readonly score: number }[];
  /** What stands for characters that are neither pieces nor bytes. */
  readonly unknown: string;
  readonly byteFallback: boolean;
}

/** The `tokenizer.json` of a SentencePiece BPE tokenizer, in the form that Llama 2 was published in. */
export function sentencePieceJson(parts: SentencePieceParts): TokenizerJson {
  const toMark = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const fromMark = { type: "Replace", pattern: { String: "▁" }, content: " " };
  const decoders = [fromMark, { type: "ByteFallback" }, { type: "Fuse" }];
  const strip = { type: "Strip", content: " ", start: 1, stop: 0 };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: parts.addedTokens,
    normalizer: {
      type: "Sequence",
      normalizers: parts.addsSpace ? [{ type: "Prepend", prepend: "▁" }, toMark] : [toMark],
    },
    pre_tokenizer: null,
    post_processor: parts.postProcessor,
    decoder: { type: "Sequence", decoders: parts.addsSpace ? [...decoders, strip] : decoders },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: parts.unknown,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: parts.byteFallback,
      ignore_merges: false,
      vocab: Object.fromEntries(parts.pieces.map(({ piece }, id) => [piece, id])),
      merges: mergesOf(parts.pieces),
    },
  };
}

/**
 * SentencePiece joins the two neighbors whose piece has the highest score. So the merges are all ways to make a piece of two
 * others, the highest score first, in the order of Python's transformers.
 */
function mergesOf(pieces: SentencePieceParts["pieces"]): (readonly [string, string])[] {
  const ids = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const merges = pieces.flatMap(({ piece, score }) => {
    const ways: { readonly score: number; readonly left: string; readonly right: string }[] = [];
    for (let at = 1; at < piece.length; at++) {
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      if (ids.has(left) && ids.has(right)) ways.push({ score, left, right });
    }
    return ways.sort((a, b) => ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!);
  });
  const length = (text: string) => [...text].length;
  merges.sort((a, b) => b.score - a.score || length(b.left) - length(a.left) || length(b.right) - length(a.right));
  return merges.map(({ left, right }) => [left, right]);
}
