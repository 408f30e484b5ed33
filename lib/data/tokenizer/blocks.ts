// Tokenizes text in parallel, block by block. The result does not depend on the number of workers.
import { Worker } from "node:worker_threads";
import { type BlockText, blockText, packedBlock, type TokenBlock } from "../batches/tokenize.ts";
import type { DocumentList, TokenizerJson } from "../types.ts";
import type { BlockWork, BlockWorkerStart } from "./blocks-worker.ts";
import { openTokenizer } from "./open.ts";

/** Characters of a block: few, so that texts are garbage before they are old. */
export const BLOCK_SIZE = 1 << 16;

/** The most workers: each takes about 50 MB of memory. */
const MOST_WORKERS = 8;

/** The part of a worker's memory for what is new. The engine's own limit is larger, and all of it would be used. */
const YOUNG_MB = 8;

/** The part for what stays: a tokenizer's tables grow with its vocabulary. A worker may use more, but collects first. */
const oldMb = (vocabSize: number) => 96 + Math.ceil(500 * vocabSize / 2 ** 20);

/** Turns blocks of texts into blocks of tokens. */
export interface BlockTokenizer extends AsyncDisposable {
  /**
   * Yields a block of tokens for each block of texts, in order. Few blocks are in memory at a time: each is valid until
   * the next one is asked for.
   */
  tokenize(blocks: Iterable<readonly BlockText[]>): AsyncGenerator<TokenBlock>;
}

/**
 * Opens a tokenizer for blocks.
 *
 * @param vocabSize decides the width of ids; may be larger than the tokenizer's own, as a model's is
 * @param options.workers 0: this thread does the work. @default one for each processor, at most eight
 */
export function blockTokenizer(
  json: TokenizerJson,
  vocabSize: number,
  { workers = Math.min(navigator.hardwareConcurrency, MOST_WORKERS) }: { readonly workers?: number | undefined } = {},
): BlockTokenizer {
  if (workers === 0) return inThisThread(json, vocabSize);
  const started = Array.from({ length: workers }, () => startWorker({ json, vocabSize }));
  return {
    async *tokenize(blocks) {
      const running: Promise<TokenBlock>[] = [];
      /** Memory of blocks that are done, for the workers to use again: it would be garbage for long. */
      const spare: ArrayBuffer[] = [];
      let next = 0;
      for (const texts of blocks) {
        // A second block per worker, so that none waits for this thread.
        if (running.length === 2 * started.length) {
          const block = await running.shift()!;
          yield block;
          spare.push(block.ids.buffer);
        }
        const reply = started[next++ % started.length]!.tokenize(texts, spare.pop());
        reply.catch(() => {}); // it is awaited later
        running.push(reply);
      }
      for (const reply of running) yield await reply;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(({ worker }) => worker.terminate()));
    },
  };
}

function inThisThread(json: TokenizerJson, vocabSize: number): BlockTokenizer {
  const tokenizer = openTokenizer(json);
  return {
    async *tokenize(blocks) {
      for (const texts of blocks) {
        yield packedBlock(texts, tokenizer, vocabSize);
        await new Promise((resolve) => setTimeout(resolve)); // a signal to stop may wait
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function startWorker(start: BlockWorkerStart) {
  const worker = new Worker(new URL("./blocks-worker.ts", import.meta.url), {
    workerData: start,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: oldMb(start.vocabSize) },
  });
  const waiting: { readonly resolve: (block: TokenBlock) => void; readonly reject: (error: Error) => void }[] = [];
  worker.on("message", (block: TokenBlock) => waiting.shift()!.resolve(block));
  worker.on("error", (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  return {
    worker,
    tokenize(texts: readonly BlockText[], spare: ArrayBuffer | undefined): Promise<TokenBlock> {
      const work: BlockWork = { texts, spare };
      worker.postMessage(work, spare === undefined ? [] : [spare]);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
  };
}

/**
 * The texts of documents in blocks; a document longer than a block is one by itself.
 *
 * @param from index of the first document
 * @param longest characters per block
 */
export function* textBlocks(documents: DocumentList, from: number, longest = BLOCK_SIZE): Generator<BlockText[]> {
  let texts: BlockText[] = [];
  let size = 0;
  for (let i = from; i < documents.length; i++) {
    const document = documents.at(i)!;
    const { text } = document;
    if (size > 0 && size + text.length > longest) {
      yield texts;
      [texts, size] = [[], 0];
    }
    texts.push(blockText(document));
    size += text.length;
  }
  if (texts.length > 0) yield texts;
}
