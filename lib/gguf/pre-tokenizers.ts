// How llama.cpp's named pre-tokenizers split text, as Hugging Face's `tokenizer.json` states it.

/** The parts of a `tokenizer.json` that split text before byte-level BPE. */
export interface PreTokenizer {
  readonly normalizer: Readonly<Record<string, unknown>> | null;
  readonly pre_tokenizer: Readonly<Record<string, unknown>>;
  /** Whether a piece that is a token is not built from merges. */
  readonly ignore_merges: boolean;
  /** Whether llama.cpp puts BOS before a text unless the file says otherwise. */
  readonly addBos: boolean;
}

const byteLevel = (use_regex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex,
});

const sequence = (first: Readonly<Record<string, unknown>>, useRegex: boolean) => ({
  type: "Sequence",
  pretokenizers: [first, byteLevel(useRegex)],
});

const split = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });

/** The pattern that Llama 3 and Qwen 2 share, with their ways to split digits. */
const words = (digits: string) =>
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits +
  "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** By the names in `tokenizer.ggml.pre`. */
export const PRE_TOKENIZERS = {
  "gpt-2": { normalizer: null, pre_tokenizer: byteLevel(true), ignore_merges: false, addBos: false },
  smollm: {
    normalizer: null,
    pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, true),
    ignore_merges: false,
    addBos: false,
  },
  "llama-bpe": {
    normalizer: null,
    pre_tokenizer: sequence(split(words("\\p{N}{1,3}")), false),
    ignore_merges: true,
    addBos: true,
  },
  qwen2: {
    normalizer: { type: "NFC" },
    pre_tokenizer: sequence(split(words("\\p{N}")), false),
    ignore_merges: false,
    addBos: false,
  },
} as const satisfies Readonly<Record<string, PreTokenizer>>;

/** A name in `tokenizer.ggml.pre` that is known here. */
export type PreTokenizerName = keyof typeof PRE_TOKENIZERS;

/** Whether a name of llama.cpp's is known here. */
export function isPreTokenizer(name: unknown): name is PreTokenizerName {
  return typeof name === "string" && Object.hasOwn(PRE_TOKENIZERS, name);
}
