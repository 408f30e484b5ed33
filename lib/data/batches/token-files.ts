// Packed token files: the tokens of all documents in a row, and where each document starts.
import { existsSync } from "node:fs";
import { firstAbove, hideRuns } from "./stream.ts";
import { pagedNumbers } from "./paged-numbers.ts";
import { packs16, type TokenBlock } from "./tokenize.ts";
import type { TokenStream } from "../types.ts";

/** The files of a stream of tokens. */
export interface TokenFiles {
  /** Tokens as unsigned integers of 16 or 32 bits, little-endian. */
  readonly tokens: string;
  /** Index of each document's first token, as 64-bit floating-point numbers, little-endian. */
  readonly starts: string;
  /**
   * The runs of tokens that are not trained on, as indices from and to, in the same form. Missing if there are none, as
   * without conversations, and in streams of older versions.
   */
  readonly unscored: string;
}

/** Names of the files of a stream. Tokens take 16 bits if the vocabulary allows it. */
export function tokenFiles(base: string, vocabSize: number): TokenFiles {
  return {
    tokens: `${base}.tokens.${packs16(vocabSize) ? "u16" : "u32"}`,
    starts: `${base}.starts.f64`,
    unscored: `${base}.unscored.f64`,
  };
}

/** The files of a stream that was written before, perhaps by an older version, whose numbers all had 32 bits. */
export function writtenTokenFiles(base: string, vocabSize: number): TokenFiles {
  const files = tokenFiles(base, vocabSize);
  const older = { ...files, tokens: `${base}.tokens.i32`, starts: `${base}.starts.i32` };
  return existsSync(older.tokens) ? older : files;
}

/**
 * Opens a stream of any length, of which only a few pages are in memory; see `pagedNumbers()`.
 *
 * @param bytes UTF-8 bytes of all texts
 */
export function openTokenFiles(files: TokenFiles, bytes: number): TokenStream {
  const tokens = pagedNumbers(files.tokens);
  const starts = pagedNumbers(files.starts);
  const unscored = existsSync(files.unscored) ? pagedNumbers(files.unscored) : undefined;
  return {
    length: tokens.length,
    bytes,
    copy: tokens.copy,
    nextStart: (position) => firstAbove(starts.length, starts.at, position),
    hideUnscored(start, target) {
      if (unscored !== undefined) hideRuns(unscored.length, unscored.at, start, target);
    },
  };
}

/** Writes a stream block by block. */
export interface TokenWriter extends Disposable {
  /** What was written so far. */
  readonly documents: number;
  readonly tokens: number;
  /** How many of the tokens are not trained on. */
  readonly unscored: number;
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
  so: Pick<TokenWriter, "documents" | "tokens" | "unscored" | "bytes">,
): TokenWriter {
  using open = new DisposableStack();
  const tokensFile = open.use(Deno.openSync(files.tokens, { append: true, create: true }));
  const startsFile = open.use(Deno.openSync(files.starts, { append: true, create: true }));
  let runsFile: Deno.FsFile | undefined;
  let { documents, tokens, unscored, bytes } = so;
  const opened = open.move();
  return {
    get documents() {
      return documents;
    },
    get tokens() {
      return tokens;
    },
    get unscored() {
      return unscored;
    },
    get bytes() {
      return bytes;
    },
    append({ ids, lengths, unscored: runs, bytes: more }) {
      if (runs.length > 0) {
        runsFile ??= opened.use(Deno.openSync(files.unscored, { append: true, create: true }));
        writeAll(runsFile, Float64Array.from(runs, (place) => tokens + place));
        runs.forEach((place, i) => unscored += i % 2 === 0 ? -place : place);
      }
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
