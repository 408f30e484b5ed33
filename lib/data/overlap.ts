// Finds training text that repeats held-out text: exactly, nearly, or the same content in other words.
import { GENERATED } from "./builtin/math.ts";
import type { Corpus, Document, SplitName } from "./types.ts";

/** Words per shingle. */
const SHINGLE_WORDS = 8;

/** Two documents are near-duplicates if they share this fraction of the shingles of the one with fewer. */
export const NEAR_DUPLICATE = 0.5;

/** Two documents in different splits that should not both be there. */
export interface Overlap {
  readonly kind: "exact" | "near" | "key";
  /** Domain, split and id of the document to remove. */
  readonly document: string;
  /** Domain, split and id of the document that it repeats. */
  readonly repeats: string;
  /** Fraction of shared shingles; 1 for `exact` and `key`. */
  readonly share: number;
}

/**
 * Finds training documents that repeat a validation or held-out document of **any** domain, and validation documents that
 * repeat a held-out one. Exhaustive, not sampled:
 *
 * - `exact`: the texts are equal except for whitespace at the ends;
 * - `near`: at least half of the distinct shingles of the document with fewer occur in the other one. Shingles are runs of
 *   eight words, ignoring case and punctuation; a CJK character counts as a word. A text of fewer than eight words is one
 *   shingle; of a conversation, not the system's message, which many have in common;
 * - `key`: they share a key: a message, an article, a file, or a fact of a math problem. Generated problems are compared
 *   by key only, because they are all worded alike.
 */
export function checkOverlap(corpus: Pick<Corpus, "domains" | "documents">): Overlap[] {
  const found: Overlap[] = [];
  const named = (split: SplitName) =>
    corpus.domains.flatMap((domain) =>
      Array.from(corpus.documents[domain]![split], (document) => ({
        document,
        name: `${domain}/${split} ${document.id}`,
      }))
    );
  const guard = overlapGuard();
  for (const split of ["heldout", "validation", "train"] as const) {
    const documents = named(split);
    for (const { document, name } of documents) {
      const overlap = guard.find(document);
      if (overlap !== undefined) found.push({ ...overlap, document: name });
    }
    if (split !== "train") { for (const { document, name } of documents) guard.add(document, name); }
  }
  return found;
}

/** Finds documents that repeat earlier ones. */
export interface OverlapGuard {
  add(document: Document, name: string): void;
  /** The first reason to leave the document out. */
  find(document: Document): Omit<Overlap, "document"> | undefined;
}

/** An empty {@linkcode OverlapGuard}. */
export function overlapGuard(): OverlapGuard {
  const names: string[] = [];
  const sizes: number[] = [];
  const texts = new Map<string, number>();
  /** Looking up a text as a key keeps it in memory for a while, so only those of a known length are. */
  const lengths = new Set<number>();
  const keys = new Map<string, number>();
  /** Shingle → documents that have it. */
  const places = new Map<number, number[]>();
  /** One bit for each value of a shingle's low bits: most texts share nothing, and this tells without a look-up. */
  const sieve = new Uint8Array(1 << (SIEVE_BITS - 3));
  return {
    add(document, name) {
      const place = names.push(name) - 1;
      const plain = document.text.trim();
      texts.set(plain, place);
      lengths.add(plain.length);
      for (const key of document.keys ?? []) keys.set(key, place);
      const shingles = shinglesOf(document);
      sizes.push(shingles.size);
      for (const shingle of shingles) {
        sieve[(shingle & SIEVE_MASK) >> 3]! |= 1 << (shingle & 7);
        const list = places.get(shingle);
        if (list === undefined) places.set(shingle, [place]);
        else list.push(place);
      }
    },
    find(document) {
      const plain = document.text.trim();
      const same = lengths.has(plain.length) ? texts.get(plain) : undefined;
      if (same !== undefined) return { kind: "exact", repeats: names[same]!, share: 1 };
      for (const key of document.keys ?? []) {
        const place = keys.get(key);
        if (place !== undefined) return { kind: "key", repeats: names[place]!, share: 1 };
      }
      if (document.id.startsWith(GENERATED)) return undefined;
      let any = false;
      const own = wordsOf(document);
      eachShingle(own, (shingle) => {
        any ||= (sieve[(shingle & SIEVE_MASK) >> 3]! >> (shingle & 7) & 1) === 1 && places.has(shingle);
      });
      if (!any) return undefined;
      const shingles = shingleHashes(own);
      const shared = new Map<number, number>();
      for (const shingle of shingles) {
        for (const place of places.get(shingle) ?? []) shared.set(place, (shared.get(place) ?? 0) + 1);
      }
      for (const [place, count] of shared) {
        const share = count / Math.min(shingles.size, sizes[place]!);
        if (share >= NEAR_DUPLICATE) return { kind: "near", repeats: names[place]!, share };
      }
      return undefined;
    },
  };
}

const SIEVE_BITS = 22;
const SIEVE_MASK = 2 ** SIEVE_BITS - 1;

function shinglesOf(document: Document): Set<number> {
  return document.id.startsWith(GENERATED) ? new Set() : shingleHashes(wordsOf(document));
}

/** What is compared: of a conversation not the system's message, which many have in common. */
function wordsOf({ text, chat }: Document): string {
  return chat === undefined ? text : text.slice(chat.opening);
}

/** Base of the rolling polynomial hash over the last eight words, modulo 2^32; each word is hashed first. */
const BASE = 0x01000193;
const OLDEST = Array.from({ length: SHINGLE_WORDS }).reduce((power: number) => Math.imul(power, BASE), 1);

/** Hashes of the distinct shingles of a text; a text of fewer than eight words has one. */
export function shingleHashes(text: string): Set<number> {
  const hashes = new Set<number>();
  eachShingle(text, (shingle) => hashes.add(shingle));
  return hashes;
}

/** Visits the hash of every shingle of a text, repeated ones too. */
function eachShingle(text: string, visit: (shingle: number) => void): void {
  const window = new Int32Array(SHINGLE_WORDS);
  let words = 0;
  let rolling = 0;
  let word = 0;
  const endWord = () => {
    const finished = mix(word);
    rolling = (Math.imul(rolling, BASE) + finished - Math.imul(window[words % SHINGLE_WORDS]!, OLDEST)) | 0;
    window[words % SHINGLE_WORDS] = finished;
    word = 0;
    if (++words >= SHINGLE_WORDS) visit(mix(rolling));
  };
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const kind = unitKind(unit);
    if (word !== 0 && kind !== LETTER) endWord();
    if (kind === SEPARATOR) continue;
    word = (Math.imul(word, 31) + (unit >= 65 && unit <= 90 ? unit + 32 : unit) + 1) | 0;
    if (word === 0) word = 1;
    if (kind === ALONE) endWord();
  }
  if (word !== 0) endWord();
  if (words > 0 && words < SHINGLE_WORDS) visit(mix(rolling ^ words));
}

const SEPARATOR = 0;
const LETTER = 1;
const ALONE = 2;

/** Classifies a UTF-16 unit: part of a word, a separator, or (CJK) a word by itself. */
function unitKind(unit: number): number {
  if (unit < 0x80) {
    const letter = (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || (unit >= 48 && unit <= 57) ||
      unit === 95;
    return letter ? LETTER : SEPARATOR;
  }
  if (unit < 0xc0 || (unit >= 0x2000 && unit < 0x2070) || (unit >= 0x3000 && unit < 0x3004)) return SEPARATOR;
  return unit < 0x2e80 ? LETTER : ALONE;
}

/** MurmurHash3's finalizer. */
function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
