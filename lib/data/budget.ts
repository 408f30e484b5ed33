// Fits documents into a byte budget. Long ones are cut, so that the limit holds and every document is used.
import { hash32 } from "../random.ts";
import { byteLength } from "./batches/tokenize.ts";
import { cutToSize } from "./text/cut.ts";
import type { Document } from "./types.ts";

/** Documents that fit into a budget. */
export interface Budgeted {
  readonly documents: readonly Document[];
  /** UTF-8 bytes of their texts: never more than the budget. */
  readonly bytes: number;
  /** The original documents that are used, whole or in part. */
  readonly sources: ReadonlySet<Document>;
  /** Number of documents that are used only in part. */
  readonly cut: number;
}

/** How to fill a budget. */
export interface BudgetOptions {
  /** Documents of more bytes than this are cut when the text exceeds the budget. */
  readonly longest: number;
  /** Whether a document, or part of one, may be used. @default () => true */
  readonly accept?: (document: Document) => boolean;
}

/**
 * Takes documents in order, up to `budget` bytes. If they do not all fit, those longer than `longest` are cut into parts
 * at the best places (blank lines, lines, sentences, words), and the parts take turns: one from each document before a
 * second from any, from anywhere in the document. A document that no longer fits is skipped; a shorter one may still fit.
 */
export function withinBudget(
  documents: readonly Document[],
  budget: number,
  { longest, accept = () => true }: BudgetOptions,
): Budgeted {
  const sizes = documents.map(({ text }) => byteLength(text));
  const limit = sizes.reduce((sum, size) => sum + size, 0) <= budget ? Infinity : Math.min(longest, budget);
  const kept: Document[] = [];
  const inParts = new Set<Document>();
  let bytes = 0;
  const full = () => bytes > 0.99 * budget;
  const sources = new Set<Document>();
  const take = (document: Document, size: number, of = document): boolean => {
    if (!accept(document)) return false;
    kept.push(document);
    sources.add(of);
    bytes += size;
    return true;
  };
  /** Parts that were too long for what was left. */
  const tooLong: Part[] = [];
  /** Takes the next part of a long document and returns the remaining parts, if any. */
  const takeTurn = (parts: Part[]): Part[][] => {
    const next = parts.pop();
    if (next === undefined) return [];
    const size = byteLength(next.part.text);
    if (bytes + size > budget) tooLong.push(next);
    else if (take(next.part, size, next.of)) inParts.add(next.of);
    return parts.length === 0 ? [] : [parts];
  };

  let waiting: Part[][] = [];
  for (const [i, document] of documents.entries()) {
    const size = sizes[i]!;
    if (size > limit && bytes >= budget) break; // cutting every document to a tiny limit takes long
    if (size > limit) waiting.push(...takeTurn(partsOf(document, limit)));
    else if (bytes + size <= budget) take(document, size);
    else if (full()) break;
  }
  while (waiting.length > 0 && !full()) waiting = waiting.flatMap((parts) => full() ? [] : takeTurn(parts));
  for (const { part, of } of tooLong) {
    if (full()) break;
    const text = cutToSize(part.text, budget - bytes, byteLength)[0] ?? "";
    const size = byteLength(text);
    if (text !== "" && bytes + size <= budget && take({ ...part, text }, size, of)) inParts.add(of);
  }
  return { documents: kept, bytes, sources, cut: inParts.size };
}

/** A part of a long document. */
interface Part {
  readonly part: Document;
  readonly of: Document;
}

/** Parts of a document, in a pseudo-random order that depends only on the text. */
function partsOf(document: Document, limit: number): Part[] {
  return cutToSize(document.text, limit, byteLength)
    .map((text, i) => ({ text, id: `${document.id}~${i + 1}`, rank: hash32("part", text) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ text, id }) => ({ part: { ...document, id, text }, of: document }));
}
