// Turns documents into one stream of tokens and remembers where each begins.
import type { Document, Tokenizer, TokenStream } from "../types.ts";

/**
 * All documents in order, each as `<|endoftext|>` followed by its text.
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
  documents: readonly Pick<Document, "text">[],
  tokenizer: Pick<Tokenizer, "encode" | "endOfText">,
): TokenStream {
  let tokens = new Int32Array(4096);
  let length = 0;
  let bytes = 0;
  const starts = new Int32Array(documents.length);
  documents.forEach(({ text }, i) => {
    const ids = tokenizer.encode(text);
    if (length + ids.length + 1 > tokens.length) {
      const grown = new Int32Array(2 * (length + ids.length + 1));
      grown.set(tokens.subarray(0, length));
      tokens = grown;
    }
    starts[i] = length;
    tokens[length] = tokenizer.endOfText;
    tokens.set(ids, length + 1);
    length += ids.length + 1;
    bytes += byteLength(text);
  });
  return { tokens: tokens.slice(0, length), starts, bytes };
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
