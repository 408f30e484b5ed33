// The text of a run as tokens: the tokenizer and every split of every domain, as files in the folder of a cell.
import { join } from "node:path";
import { z } from "zod";
import { openTokenizer, type SplitName, type Tokenizer, type TokenizerJson, type TokenStream } from "../data/mod.ts";
import type { EvaluationSet } from "../eval/mod.ts";
import type { CellResult } from "../run/mod.ts";

/** What the cell that makes the tokens returns. */
export const tokensSchema = z.strictObject({
  vocabSize: z.int(),
  /** UTF-8 bytes of text by domain and split. */
  bytes: z.record(z.string(), z.record(z.string(), z.number())),
});

/** The tokenizer, every split of every domain as tokens, and what is measured. */
export interface Tokens {
  readonly tokenizerJson: TokenizerJson;
  readonly tokenizer: Tokenizer;
  readonly streams: Readonly<Record<string, Readonly<Record<SplitName, TokenStream>>>>;
  /** Prepared with the tokens, and so before a cell trains on them: it may be what is wrong with the text. */
  readonly evaluation: EvaluationSet;
}

/** Text that was tokenized. Its files are read when a cell first needs them. */
export interface Text {
  /** Key of the cell that made it. */
  readonly key: string;
  readonly vocabSize: number;
  /** Reads tokenizer and tokens, once. */
  read(): Promise<Tokens>;
}

/**
 * The text that a cell of {@linkcode tokensSchema} made.
 *
 * @param evaluation prepares what is measured
 */
export function openText(
  cell: CellResult<z.infer<typeof tokensSchema>>,
  evaluation: (tokenizer: Tokenizer) => EvaluationSet,
): Text {
  let reading: Promise<Tokens> | undefined;
  return {
    key: cell.key,
    vocabSize: cell.value.vocabSize,
    read: () => reading ??= readTokens(cell.folder, cell.value.bytes, evaluation),
  };
}

async function readTokens(
  folder: string,
  bytes: z.infer<typeof tokensSchema>["bytes"],
  evaluation: (tokenizer: Tokenizer) => EvaluationSet,
): Promise<Tokens> {
  const tokenizerJson = JSON.parse(await Deno.readTextFile(join(folder, TOKENIZER_FILE))) as TokenizerJson;
  const streams: Record<string, Record<SplitName, TokenStream>> = {};
  for (const [domain, splits] of Object.entries(bytes)) {
    const entries = await Promise.all(
      Object.entries(splits).map(async ([split, bytes]) => {
        const files = streamFiles(folder, domain, split as SplitName);
        return [split, { tokens: await readInts(files.tokens), starts: await readInts(files.starts), bytes }];
      }),
    );
    streams[domain] = Object.fromEntries(entries) as Record<SplitName, TokenStream>;
  }
  const tokenizer = openTokenizer(tokenizerJson);
  return { tokenizerJson, tokenizer, streams, evaluation: evaluation(tokenizer) };
}

const TOKENIZER_FILE = "tokenizer.json";

/** Writes the tokenizer into a cell's folder. */
export async function writeTokenizer(folder: string, json: TokenizerJson): Promise<void> {
  await Deno.writeTextFile(join(folder, TOKENIZER_FILE), JSON.stringify(json));
}

/** Writes one split of a domain into a cell's folder. */
export async function writeStream(
  folder: string,
  domain: string,
  split: SplitName,
  stream: TokenStream,
): Promise<void> {
  const files = streamFiles(folder, domain, split);
  await writeInts(files.tokens, stream.tokens);
  await writeInts(files.starts, stream.starts);
}

function streamFiles(folder: string, domain: string, split: SplitName) {
  const base = join(folder, `${domain}.${split}`);
  return { tokens: `${base}.tokens.i32`, starts: `${base}.starts.i32` };
}

async function readInts(path: string): Promise<Int32Array> {
  return new Int32Array((await Deno.readFile(path)).buffer);
}

async function writeInts(path: string, values: Int32Array): Promise<void> {
  await Deno.writeFile(path, new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength));
}
