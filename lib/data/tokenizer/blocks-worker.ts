// A worker that tokenizes blocks of texts: it is sent blocks, and answers each in order.
import { parentPort, workerData } from "node:worker_threads";
import { type BlockText, packedBlock } from "../batches/tokenize.ts";
import type { TokenizerJson } from "../types.ts";
import { openTokenizer } from "./open.ts";

/** What the worker starts with. */
export interface BlockWorkerStart {
  readonly json: TokenizerJson;
  readonly vocabSize: number;
}

const { json, vocabSize } = workerData as BlockWorkerStart;
const tokenizer = openTokenizer(json);
const port = parentPort!;

/** A block, and memory that its tokens may use. */
export interface BlockWork {
  readonly texts: readonly BlockText[];
  readonly spare: ArrayBuffer | undefined;
}

port.on("message", ({ texts, spare }: BlockWork) => {
  const block = packedBlock(texts, tokenizer, vocabSize, spare);
  port.postMessage(block, [block.ids.buffer, block.lengths.buffer, block.unscored.buffer]);
});
