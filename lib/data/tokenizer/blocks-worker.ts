// A worker that tokenizes blocks of texts: it is sent blocks, and answers each in order.
import { parentPort, workerData } from "node:worker_threads";
import { packedBlock } from "../batches/tokenize.ts";
import type { TokenizerJson } from "../types.ts";
import { openTokenizer } from "./open.ts";

const tokenizer = openTokenizer(workerData as TokenizerJson);
const port = parentPort!;

/** A block, and memory that its tokens may use. */
export interface BlockWork {
  readonly texts: readonly string[];
  readonly spare: ArrayBuffer | undefined;
}

port.on("message", ({ texts, spare }: BlockWork) => {
  const block = packedBlock(texts, tokenizer, spare);
  port.postMessage(block, [block.ids.buffer, block.lengths.buffer]);
});
