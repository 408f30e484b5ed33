// Tokenizes text in parallel, block by block. The result does not depend on the number of workers.
import { packedBlock, type TokenBlock } from "../batches/tokenize.ts";
import type { DocumentList, TokenizerJson } from "../types.ts";
import type { BlockReply, BlockWork } from "./blocks-worker.ts";
import { openTokenizer } from "./open.ts";

/** Characters of a block: few, so that texts are garbage before they are old. */
export const BLOCK_SIZE = 1 << 18;

/** The most workers: each takes about 100 MB of memory. */
const MOST_WORKERS = 8;

/** Turns blocks of texts into blocks of tokens. */
export interface BlockTokenizer extends Disposable {
  /** Yields a block of tokens for each block of texts, in order. Few blocks are in memory at a time. */
  tokenize(blocks: Iterable<readonly string[]>): AsyncGenerator<TokenBlock>;
}

/**
 * Opens a tokenizer for blocks.
 *
 * @param options.workers 0: this thread does the work. @default one for each processor, at most eight
 */
export function blockTokenizer(
  json: TokenizerJson,
  { workers = Math.min(navigator.hardwareConcurrency, MOST_WORKERS) }: { readonly workers?: number | undefined } = {},
): BlockTokenizer {
  if (workers === 0) return inThisThread(json);
  const started = Array.from({ length: workers }, () => startWorker(json));
  return {
    async *tokenize(blocks) {
      const running: Promise<TokenBlock>[] = [];
      let next = 0;
      for (const texts of blocks) {
        // Two blocks per worker, so that none waits for this thread.
        if (running.length === 2 * started.length) yield await running.shift()!;
        const reply = started[next++ % started.length]!.tokenize(texts);
        reply.catch(() => {}); // it is awaited later
        running.push(reply);
      }
      for (const reply of running) yield await reply;
    },
    [Symbol.dispose]() {
      for (const { worker } of started) worker.terminate();
    },
  };
}

function inThisThread(json: TokenizerJson): BlockTokenizer {
  const tokenizer = openTokenizer(json);
  return {
    async *tokenize(blocks) {
      for (const texts of blocks) {
        yield packedBlock(texts, tokenizer);
        await new Promise((resolve) => setTimeout(resolve)); // a signal to stop may wait
      }
    },
    [Symbol.dispose]() {},
  };
}

function startWorker(json: TokenizerJson) {
  const worker = new Worker(new URL("./blocks-worker.ts", import.meta.url), { type: "module" });
  const waiting: { readonly resolve: (block: TokenBlock) => void; readonly reject: (error: Error) => void }[] = [];
  worker.onmessage = ({ data }: MessageEvent<BlockReply>) => waiting.shift()!.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.splice(0)) reject(new Error(`A tokenizer's worker failed: ${event.message}`));
  };
  const send = (work: BlockWork) => worker.postMessage(work);
  send({ kind: "open", json });
  return {
    worker,
    tokenize(texts: readonly string[]): Promise<TokenBlock> {
      send({ kind: "tokenize", texts });
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
export function* textBlocks(documents: DocumentList, from: number, longest = BLOCK_SIZE): Generator<string[]> {
  let texts: string[] = [];
  let size = 0;
  for (let i = from; i < documents.length; i++) {
    const { text } = documents.at(i)!;
    if (size > 0 && size + text.length > longest) {
      yield texts;
      [texts, size] = [[], 0];
    }
    texts.push(text);
    size += text.length;
  }
  if (texts.length > 0) yield texts;
}
