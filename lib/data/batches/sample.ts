// Documents drawn at random from a stream of tokens.
import { random } from "../../random.ts";
import type { TokenStream } from "../types.ts";

/** Which documents are drawn. */
export interface DocumentChoice {
  readonly seed: number;
  /** How many; fewer if the stream has fewer. */
  readonly documents: number;
  /** The most tokens of a document, from its start. */
  readonly tokens: number;
}

/** Draws in a row that give no new document, after which there are taken to be no more. */
const PATIENCE = 64;

/**
 * The beginnings of documents drawn at random without repetition, in the order of the stream. A document's chance is
 * proportional to the length of the one before it.
 *
 * @returns token ids, each list starting with `<|endoftext|>` unless it is a conversation
 */
export function sampleDocuments(stream: TokenStream, { seed, documents, tokens }: DocumentChoice): Int32Array[] {
  const source = random(seed, "documents");
  const starts = new Set<number>();
  for (let missed = 0; starts.size < documents && missed < PATIENCE && stream.length > 0;) {
    const found = stream.nextStart(source.int(stream.length) - 1);
    const start = found === Infinity ? stream.nextStart(-1) : found;
    missed = starts.has(start) ? missed + 1 : 0;
    starts.add(start);
  }
  return [...starts].sort((a, b) => a - b).map((start) => {
    const end = Math.min(stream.nextStart(start), stream.length, start + tokens);
    const document = new Int32Array(end - start);
    stream.copy(start, document);
    return document;
  });
}
