// Packed token files: the tokens of all documents in a row, and where each document starts.
import { existsSync } from "node:fs";
import { firstAbove } from "./stream.ts";
import { pagedNumbers } from "./paged-numbers.ts";
import { packs16, type TokenBlock } from "./tokenize.ts";
import type { TokenStream } from "../types.ts";

/** The two files of a stream of tokens. */
export interface TokenFiles {
  /** Tokens as unsigned integers of 16 or 32 bits, little-endian. */
  readonly tokens: string;
  /** Index of each document's `<|endoftext|>` among the tokens, as 64-bit floating-point numbers, little-endian. */
  readonly starts: string;
}

/** Names of the files of a stream. Tokens take 16 bits if the vocabulary allows it. */
export function tokenFiles(base: string, vocabSize: number): TokenFiles {
  return { tokens: `${base}.tokens.${packs16(vocabSize) ? "u16" : "u32"}`, starts: `${base}.starts.f64` };
}

/** The files of a stream that was written before, perhaps by an older version, whose numbers all had 32 bits. */
export function writtenTokenFiles(base: string, vocabSize: number): TokenFiles {
  const older = { tokens: `${base}.tokens.i32`, starts: `${base}.starts.i32` };
  return existsSync(older.tokens) ? older : tokenFiles(base, vocabSize);
}

/**
 * Opens a stream of any length, of which only a few pages are in memory; see `pagedNumbers()`.
 *
 * @param bytes UTF-8 bytes of all texts
 */
export function openTokenFiles(files: TokenFiles, bytes: number): TokenStream {
  const tokens = pagedNumbers(files.tokens);
  const starts = pagedNumbers(files.starts);
  return {
    length: tokens.length,
    bytes,
    copy: tokens.copy,
    nextStart: (position) => firstAbove(starts.length, starts.at, position),
  };
}

/** Writes a stream block by block. */
export interface TokenWriter extends Disposable {
  /** What was written so far. */
  readonly documents: number;
  readonly tokens: number;
  /** UTF-8 bytes of the texts so far. */
  readonly bytes: number;
  append(block: TokenBlock): void;
}

/**
 * Opens the files of a stream for appending, and creates them if they are missing.
 *
 * @param so what they have already
 */
export function tokenWriter(
  files: TokenFiles,
  so: Pick<TokenWriter, "documents" | "tokens" | "bytes">,
): TokenWriter {
  using open = new DisposableStack();
  const tokensFile = open.use(Deno.openSync(files.tokens, { append: true, create: true }));
  const startsFile = open.use(Deno.openSync(files.starts, { append: true, create: true }));
  let { documents, tokens, bytes } = so;
  const opened = open.move();
  return {
    get documents() {
      return documents;
    },
    get tokens() {
      return tokens;
    },
    get bytes() {
      return bytes;
    },
    append({ ids, lengths, bytes: more }) {
      writeAll(tokensFile, ids);
      const starts = new Float64Array(lengths.length);
      lengths.forEach((count, i) => {
        starts[i] = tokens;
        tokens += count;
      });
      writeAll(startsFile, starts);
      documents += lengths.length;
      bytes += more;
    },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

function writeAll(file: Deno.FsFile, { buffer, byteOffset, byteLength }: ArrayBufferView): void {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
