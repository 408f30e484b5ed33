// Turns documents into tokens and remembers where each begins.
import { type MemoryStream, memoryStream } from "./stream.ts";
import type { Chat, Document, Tokenizer } from "../types.ts";
import { encodeScored } from "./scored.ts";

/** A text, or a conversation. */
export type BlockText = string | { readonly text: string; readonly chat: Pick<Chat, "scored"> };

/** Consecutive documents as tokens. */
export interface TokenBlock {
  /** The tokens of all documents, each `<|endoftext|>` followed by its text; a conversation's are those of its text alone. */
  readonly ids: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** Number of tokens of each document, with its `<|endoftext|>`. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** The runs of tokens that are not trained on, as indices from and to in `ids`, ascending. */
  readonly unscored: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of all texts. */
  readonly bytes: number;
}

/** What tokenizing documents needs of a tokenizer. */
export type Encoder = Pick<Tokenizer, "encode" | "decode" | "endOfText">;

/** Tokenizes texts as one block. */
export function tokenBlock(
  texts: Iterable<BlockText>,
  tokenizer: Encoder,
): TokenBlock & { readonly ids: Uint32Array<ArrayBuffer> } {
  const { ids, ...block } = scratchBlock(texts, tokenizer);
  return { ...block, ids: ids.slice() };
}

/** Has the ids of a block while it grows: one array for all blocks, so that they leave little garbage. */
let scratch = new Uint32Array(1 << 16);

/** Tokenizes texts; the ids are valid until the next call. */
function scratchBlock(texts: Iterable<BlockText>, tokenizer: Encoder) {
  let length = 0;
  let bytes = 0;
  const lengths: number[] = [];
  const unscored: number[] = [];
  for (const one of texts) {
    const isText = typeof one === "string";
    const text = isText ? one : one.text;
    const { ids, scored } = isText
      ? { ids: tokenizer.encode(text), scored: undefined }
      : encodeScored(text, one.chat.scored, tokenizer);
    if (length + ids.length + 1 > scratch.length) {
      const grown = new Uint32Array(2 * (length + ids.length + 1));
      grown.set(scratch.subarray(0, length));
      scratch = grown;
    }
    const start = length;
    if (isText) scratch[length++] = tokenizer.endOfText;
    scratch.set(ids, length);
    length += ids.length;
    lengths.push(length - start);
    if (scored !== undefined) pushRuns(unscored, scored, start);
    bytes += byteLength(text);
  }
  return {
    ids: scratch.subarray(0, length),
    lengths: Uint32Array.from(lengths),
    unscored: Uint32Array.from(unscored),
    bytes,
  };
}

/** Adds the runs of zeros in `scored`, whose first element is for the token `start`. */
function pushRuns(runs: number[], scored: Uint8Array, start: number): void {
  scored.forEach((one, i) => {
    if (one === 1) return;
    if (runs.at(-1) === start + i) runs[runs.length - 1] = start + i + 1;
    else runs.push(start + i, start + i + 1);
  });
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
  texts: Iterable<BlockText>,
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
 * All documents in order, each as `<|endoftext|>` followed by its text, or as the conversation that it is, in memory.
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
export function tokenizeDocuments(
  documents: Iterable<Pick<Document, "text" | "chat">>,
  tokenizer: Encoder,
): MemoryStream {
  const texts = function* () {
    for (const document of documents) yield blockText(document);
  };
  const { ids, lengths, unscored, bytes } = tokenBlock(texts(), tokenizer);
  let next = 0;
  const starts = Int32Array.from(lengths, (length) => (next += length) - length);
  return memoryStream({ tokens: new Int32Array(ids.buffer), starts, unscored: Int32Array.from(unscored), bytes });
}

/** What is needed of a document to tokenize it. */
export function blockText({ text, chat }: Pick<Document, "text" | "chat">): BlockText {
  return chat === undefined ? text : { text, chat };
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
