// The tokenized text of a run: the tokenizer and every split of every domain, in files of a cell's folder.
import { join } from "node:path";
import { z } from "zod";
import type { SplitName, TokenizerJson, TokenStream } from "../data/mod.ts";
import type { CellResult } from "../run/mod.ts";

/** The output of the cell that tokenizes the text. */
export const tokensSchema = z.strictObject({
  vocabSize: z.int(),
  /** UTF-8 bytes of text by domain and split. */
  bytes: z.record(z.string(), z.record(z.string(), z.number())),
});

/** Tokenized text; other cells read its files. */
export type Text = CellResult<z.infer<typeof tokensSchema>>;

/** Tokens by domain and split. */
export type TokenStreams = Readonly<Record<string, Readonly<Record<SplitName, TokenStream>>>>;

const read = new WeakMap<Text, Promise<TokenStreams>>();

/** Reads the tokens of all splits of all domains, once. */
export function readStreams(text: Text): Promise<TokenStreams> {
  const known = read.get(text) ?? readAll(text);
  read.set(text, known);
  return known;
}

async function readAll({ folder, value: { bytes } }: Text): Promise<TokenStreams> {
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
  return streams;
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

const TOKENIZER_FILE = "tokenizer.json";

/** Reads the tokenizer. */
export async function readTokenizer({ folder }: Text): Promise<TokenizerJson> {
  return JSON.parse(await Deno.readTextFile(join(folder, TOKENIZER_FILE))) as TokenizerJson;
}

/** Writes the tokenizer into a cell's folder. */
export async function writeTokenizer(folder: string, json: TokenizerJson): Promise<void> {
  await Deno.writeTextFile(join(folder, TOKENIZER_FILE), JSON.stringify(json));
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
