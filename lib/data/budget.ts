// Keeping to a number of bytes: long documents are cut, so that the limit holds and every document has its turn.
import { hash32 } from "../random.ts";
import { byteLength } from "./batches/tokenize.ts";
import { cutToSize } from "./text/cut.ts";
import type { Document } from "./types.ts";

/** What fits into a budget. */
export interface Budgeted {
  readonly documents: readonly Document[];
  /** UTF-8 bytes of their texts: never more than the budget. */
  readonly bytes: number;
  /** The given documents that they are, or are parts of. */
  readonly sources: ReadonlySet<Document>;
  /** How many documents are used only in part. */
  readonly cut: number;
}

/** How a budget is filled. */
export interface BudgetOptions {
  /** When there is more text than the budget takes, documents of more bytes than this are cut. */
  readonly longest: number;
  /** Whether a document, or a part of one, may be used. */
  readonly accept?: (document: Document) => boolean;
}

/**
 * Documents in their order, up to `budget` bytes. When they do not all fit, those longer than `longest` are cut into
 * parts at the best places (blank lines, lines, sentences, words) and take turns: one part of each before a second of
 * any, from anywhere in the document. A document that no longer fits is left out; a shorter one may still fit.
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
  /** Parts that did not fit. */
  const tooLong: Part[] = [];
  /** Takes the next part of a long document; gives the document back while it has more. */
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

/** Parts of a document in a pseudo-random order that depends on nothing but the text. */
function partsOf(document: Document, limit: number): Part[] {
  return cutToSize(document.text, limit, byteLength)
    .map((text, i) => ({ text, id: `${document.id}~${i + 1}`, rank: hash32("part", text) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ text, id }) => ({ part: { ...document, id, text }, of: document }));
}
