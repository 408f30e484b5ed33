// Fits documents into a byte budget. Long ones are cut, so that the limit holds and every document is used.
import { hash32 } from "../random.ts";
import { byteLength } from "./batches/tokenize.ts";
import { cutToSize } from "./text/cut.ts";
import type { SizedDocuments } from "./store/document-list.ts";
import type { Document } from "./types.ts";

/** What was taken into a budget. */
export interface Budgeted {
  /** UTF-8 bytes of the texts: never more than the budget. */
  readonly bytes: number;
  /** Number of documents that are used only in part. */
  readonly cut: number;
}

/** How to fill a budget. */
export interface BudgetOptions {
  /** Documents of more bytes than this are cut when the text exceeds the budget. */
  readonly longest: number;
  /** Whether a document, or part of one, may be used. @default () => true */
  readonly accept?: (document: Document) => boolean;
  /**
   * Takes what is used, in order.
   *
   * @param index of the document
   * @param whole false for a part of it
   */
  readonly keep: (document: Document, index: number, whole: boolean) => void;
}

/**
 * Takes documents in order, up to `budget` bytes. If they do not all fit, those longer than `longest` are cut into parts
 * at the best places (blank lines, lines, sentences, words), and the parts take turns: one from each document before a
 * second from any, from anywhere in the document. A document that no longer fits is skipped; a shorter one may still fit.
 * Conversations are never cut. One document is in memory at a time, besides those being cut.
 */
export function withinBudget(
  documents: SizedDocuments,
  budget: number,
  { longest, accept = () => true, keep }: BudgetOptions,
): Budgeted {
  let total = 0;
  for (let i = 0; i < documents.length; i++) total += documents.bytesAt(i);
  const limit = total <= budget ? Infinity : Math.min(longest, budget);
  const inParts = new Set<number>();
  let bytes = 0;
  const full = () => bytes > 0.99 * budget;
  const take = (document: Document, size: number, of: number, whole: boolean): void => {
    if (!accept(document)) return;
    keep(document, of, whole);
    if (!whole) inParts.add(of);
    bytes += size;
  };
  /** Parts that were too long for what was left. */
  const tooLong: Part[] = [];
  /** Takes the next part of a long document and returns the remaining parts, if any. */
  const takeTurn = (parts: Part[]): Part[][] => {
    const next = parts.pop();
    if (next === undefined) return [];
    const size = byteLength(next.part.text);
    if (bytes + size > budget) tooLong.push(next);
    else take(next.part, size, next.of, false);
    return parts.length === 0 ? [] : [parts];
  };

  let waiting: Part[][] = [];
  for (let i = 0; i < documents.length; i++) {
    const size = documents.bytesAt(i);
    if (size > limit && bytes >= budget) break; // cutting every document to a tiny limit takes long
    const long = size > limit ? documents.at(i) : undefined;
    if (long !== undefined && long.chat === undefined) waiting.push(...takeTurn(partsOf(long, i, limit)));
    else if (bytes + size <= budget) take(documents.at(i), size, i, true);
    else if (full()) break;
  }
  while (waiting.length > 0 && !full()) waiting = waiting.flatMap((parts) => full() ? [] : takeTurn(parts));
  for (const { part, of } of tooLong) {
    if (full()) break;
    const text = cutToSize(part.text, budget - bytes, byteLength)[0] ?? "";
    const size = byteLength(text);
    if (text !== "" && bytes + size <= budget) take({ ...part, text }, size, of, false);
  }
  return { bytes, cut: inParts.size };
}

/** The texts of documents in order, up to `bytes` UTF-8 bytes; the last one is cut, at the best place that fits. */
export function* textWithin(documents: Iterable<Pick<Document, "text">>, bytes: number): Generator<string> {
  let left = bytes;
  for (const { text } of documents) {
    const size = byteLength(text);
    if (size > left) {
      const part = left < 1 ? "" : cutToSize(text, left, byteLength)[0] ?? "";
      if (byteLength(part) <= left && part !== "") yield part;
      return;
    }
    yield text;
    left -= size;
  }
}

/** A part of a long document. */
interface Part {
  readonly part: Document;
  /** Index of the document. */
  readonly of: number;
}

/** Parts of a document, in a pseudo-random order that depends only on the text. */
function partsOf(document: Document, of: number, limit: number): Part[] {
  return cutToSize(document.text, limit, byteLength)
    .map((text, i) => ({ text, id: `${document.id}~${i + 1}`, rank: hash32("part", text) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ text, id }) => ({ part: { ...document, id, text }, of }));
}
