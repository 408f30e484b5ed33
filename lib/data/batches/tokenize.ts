// Turns documents into tokens and remembers where each begins.
import { type MemoryStream, memoryStream } from "./stream.ts";
import type { Document, Tokenizer } from "../types.ts";

/** Consecutive documents as tokens. */
export interface TokenBlock {
  /** The tokens of all documents, each `<|endoftext|>` followed by its text. */
  readonly ids: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** Number of tokens of each document, with its `<|endoftext|>`. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
}

/** What tokenizing documents needs of a tokenizer. */
export type Encoder = Pick<Tokenizer, "encode" | "endOfText">;

/** Tokenizes texts as one block. */
export function tokenBlock(
  texts: Iterable<string>,
  tokenizer: Encoder,
): TokenBlock & { readonly ids: Uint32Array<ArrayBuffer> } {
  const { ids, ...block } = scratchBlock(texts, tokenizer);
  return { ...block, ids: ids.slice() };
}

/** Has the ids of a block while it grows: one array for all blocks, so that they leave little garbage. */
let scratch = new Uint32Array(1 << 16);

/** Tokenizes texts; the ids are valid until the next call. */
function scratchBlock(texts: Iterable<string>, tokenizer: Encoder) {
  let length = 0;
  let bytes = 0;
  const lengths: number[] = [];
  for (const text of texts) {
    const own = tokenizer.encode(text);
    if (length + own.length + 1 > scratch.length) {
      const grown = new Uint32Array(2 * (length + own.length + 1));
      grown.set(scratch.subarray(0, length));
      scratch = grown;
    }
    scratch[length] = tokenizer.endOfText;
    scratch.set(own, length + 1);
    length += own.length + 1;
    lengths.push(own.length + 1);
    bytes += byteLength(text);
  }
  return { ids: scratch.subarray(0, length), lengths: Uint32Array.from(lengths), bytes };
}

/** Whether the ids of a vocabulary fit into 16 bits. */
export function packs16(vocabSize: number): boolean {
  return vocabSize <= 2 ** 16;
}

/**
 * A block with ids of 16 bits if the vocabulary allows it, else of 32.
 *
 * @param vocabSize may be larger than the tokenizer's own, as a model's is
 * @param spare memory for the ids, used if it is large enough
 */
export function packedBlock(
  texts: Iterable<string>,
  tokenizer: Encoder,
  vocabSize: number,
  spare = new ArrayBuffer(0),
): TokenBlock {
  const { ids, ...block } = scratchBlock(texts, tokenizer);
  const make = packs16(vocabSize) ? Uint16Array : Uint32Array;
  const bytes = ids.length * make.BYTES_PER_ELEMENT;
  const packed = new make(bytes <= spare.byteLength ? spare : new ArrayBuffer(bytes), 0, ids.length);
  packed.set(ids);
  return { ...block, ids: packed };
}

/**
 * All documents in order, each as `<|endoftext|>` followed by its text, in memory.
 *
 * @example
 * ```ts
 * import { openTokenizer, tokenizeDocuments, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import assert from "node:assert/strict";
 *
 * const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 })); // one token per byte
 * const { tokens, starts, bytes } = tokenizeDocuments([{ text: "ab" }, { text: "c" }], tokenizer);
 * assert.deepEqual([tokens.length, [...starts], bytes], [5, [0, 3], 3]);
 * ```
 */
export function tokenizeDocuments(documents: Iterable<Pick<Document, "text">>, tokenizer: Encoder): MemoryStream {
  const texts = function* () {
    for (const { text } of documents) yield text;
  };
  const { ids, lengths, bytes } = tokenBlock(texts(), tokenizer);
  let next = 0;
  const starts = Int32Array.from(lengths, (length) => (next += length) - length);
  return memoryStream({ tokens: new Int32Array(ids.buffer), starts, bytes });
}

/** UTF-8 bytes of a text, without encoding it. A lone surrogate counts as U+FFFD, three bytes. */
export function byteLength(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    const next = text.charCodeAt(i + 1);
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) i++; // a pair: two units, four bytes
  }
  return bytes;
}
