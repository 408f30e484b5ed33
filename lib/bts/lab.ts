// What the cells of one Branch-Train-Stitch run share.
import { join } from "node:path";
import {
  batchAt,
  type Corpus,
  type Datamix,
  openTokenizer,
  type SplitName,
  type Tokenizer,
  type TokenizerJson,
  type TokenStream,
} from "../data/mod.ts";
import { loadModelFolder } from "../huggingface/mod.ts";
import type { HostWeights, ModelConfig } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import type { CellResult, Run } from "../run/mod.ts";
import type { Device } from "../tensor/mod.ts";
import type { TrainConfig } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";

/** The run, and what was loaded for it. */
export interface Lab {
  readonly run: Run;
  readonly config: BtsConfig;
  readonly seed: number;
  readonly device: Device;
  readonly corpus: Corpus;
}

/** The tokenizer and every split of every domain as tokens. */
export interface Text {
  /** Key of the cell that made it. */
  readonly key: string;
  readonly tokenizerJson: TokenizerJson;
  readonly tokenizer: Tokenizer;
  readonly streams: Readonly<Record<string, Readonly<Record<SplitName, TokenStream>>>>;
}

/** The shape of all models, with the tokenizer's vocabulary. */
export function modelOf({ config }: Lab, text: Text): ModelConfig {
  return { ...config.model, vocabSize: text.tokenizer.vocabSize };
}

/** The training and validation batches of a phase. */
export function batchesOf(lab: Lab, text: Text, phase: string, mix: Datamix, config: TrainConfig) {
  const { batch } = config;
  const time = lab.config.model.contextLength;
  const split = (name: SplitName) =>
    Object.fromEntries(Object.entries(text.streams).map(([domain, streams]) => [domain, streams[name]]));
  const training = split("train");
  const validation = split("validation");
  // Phases draw from streams of their own, so that an expert does not repeat the seed's order.
  const seed = hash32(lab.seed, "order", phase);
  return {
    batchAt: (step: number) => batchAt(training, mix, { seed, step, batch, time }),
    validation: Array.from(
      { length: lab.config.train.validationBatches },
      (_, step) => batchAt(validation, mix, { seed: 1, step, batch, time }),
    ),
  };
}

/** The weights that a training cell saved. */
export async function weightsOf(cell: CellResult<unknown>): Promise<HostWeights> {
  return (await loadModelFolder(cell.folder)).tensors;
}

/** Files of one token stream in a cell's folder. */
export function streamFiles(folder: string, domain: string, split: SplitName) {
  const base = join(folder, `${domain}.${split}`);
  return { tokens: `${base}.tokens.i32`, starts: `${base}.starts.i32` };
}

export async function readText(folder: string, key: string, bytes: Bytes): Promise<Text> {
  const tokenizerJson = JSON.parse(await Deno.readTextFile(join(folder, "tokenizer.json"))) as TokenizerJson;
  const streams: Record<string, Record<SplitName, TokenStream>> = {};
  for (const [domain, splits] of Object.entries(bytes)) {
    const entries = await Promise.all(
      Object.entries(splits).map(async ([split, count]) => {
        const files = streamFiles(folder, domain, split as SplitName);
        return [split, { tokens: await readInts(files.tokens), starts: await readInts(files.starts), bytes: count }];
      }),
    );
    streams[domain] = Object.fromEntries(entries) as Record<SplitName, TokenStream>;
  }
  return { key, tokenizerJson, tokenizer: openTokenizer(tokenizerJson), streams };
}

/** UTF-8 bytes of text by domain and split. */
export type Bytes = Readonly<Record<string, Readonly<Record<string, number>>>>;

async function readInts(path: string): Promise<Int32Array> {
  return new Int32Array((await Deno.readFile(path)).buffer);
}

export async function writeInts(path: string, values: Int32Array): Promise<void> {
  await Deno.writeFile(path, new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength));
}
