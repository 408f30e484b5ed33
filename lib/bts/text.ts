// The tokenized text of a run: the tokenizer and every split of every domain, in files of a cell's folder.
import { join } from "node:path";
import { z } from "zod";
import {
  openTokenFiles,
  type SplitName,
  type TokenFiles,
  tokenFiles,
  type TokenizerJson,
  type TokenStream,
  writtenTokenFiles,
} from "../data/mod.ts";
import type { CellResult } from "../run/mod.ts";
import type { TokensSchema } from "./inferred-types.ts";

/** The output of the cell that tokenizes the text. */
export const tokensSchema: TokensSchema = z.strictObject({
  vocabSize: z.int(),
  /** UTF-8 bytes of text by domain and split. */
  bytes: z.record(z.string(), z.record(z.string(), z.number())),
});

/** Tokenized text; other cells read its files. */
export type Text = CellResult<z.infer<typeof tokensSchema>>;

/** Tokens by domain and split. */
export type TokenStreams = Readonly<Record<string, Readonly<Record<SplitName, TokenStream>>>>;

const opened = new WeakMap<Text, TokenStreams>();

/** The tokens of all splits of all domains, whose files are read a few pages at a time. */
export function openStreams(text: Text): TokenStreams {
  const known = opened.get(text) ?? openAll(text);
  opened.set(text, known);
  return known;
}

function openAll({ folder, value: { bytes, vocabSize } }: Text): TokenStreams {
  const streams: Record<string, Record<SplitName, TokenStream>> = {};
  for (const [domain, splits] of Object.entries(bytes)) {
    const entries = Object.entries(splits).map(([split, bytes]) =>
      [split, openTokenFiles(writtenTokenFiles(join(folder, `${domain}.${split}`), vocabSize), bytes)] as const
    );
    streams[domain] = Object.fromEntries(entries) as Record<SplitName, TokenStream>;
  }
  return streams;
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

/** The token files of one split of a domain in the cell's folder. */
export function streamFiles(folder: string, domain: string, split: SplitName, vocabSize: number): TokenFiles {
  return tokenFiles(join(folder, `${domain}.${split}`), vocabSize);
}
