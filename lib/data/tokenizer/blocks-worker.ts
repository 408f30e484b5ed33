// A worker that tokenizes blocks of texts.
import { packedBlock, type TokenBlock } from "../batches/tokenize.ts";
import type { Tokenizer, TokenizerJson } from "../types.ts";
import { openTokenizer } from "./open.ts";

/** What the worker is sent: a tokenizer, and then blocks, each of which it answers. */
export type BlockWork =
  | { readonly kind: "open"; readonly json: TokenizerJson }
  | { readonly kind: "tokenize"; readonly texts: readonly string[] };

/** Its answers, in order. */
export type BlockReply = TokenBlock;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<BlockWork>) => void) | null;
  postMessage(reply: BlockReply, transfer: Transferable[]): void;
};

let tokenizer: Tokenizer;
scope.onmessage = ({ data }) => {
  if (data.kind === "open") {
    tokenizer = openTokenizer(data.json);
    return;
  }
  const block = packedBlock(data.texts, tokenizer);
  scope.postMessage(block, [block.ids.buffer, block.lengths.buffer]);
};
