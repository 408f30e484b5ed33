// A fast encoder for our own tokenizers that gives the same ids as the library.
import { BYTE_CHARACTERS, pretokenPattern } from "./pretokens.ts";

/** Number of distinct pretokens in the cache before it is cleared, and of their ids. */
const CACHED_PRETOKENS = 1 << 15;
const CACHED_IDS = 1 << 18;

/** Pretokens of more bytes are left to the library: merging here takes quadratic time. */
const LONG_PRETOKEN = 256;

/**
 * Returns an encoder for byte-level BPE over {@linkcode pretokenPattern}. The ids of distinct pretokens are cached, in
 * about 5 MB.
 *
 * @param ids id of each token in the vocabulary, which has all 256 bytes
 * @param merges pairs of tokens in the order of their merges
 * @param encodeLong encodes a long pretoken
 */
export function bpeEncoder(
  ids: ReadonlyMap<string, number>,
  merges: readonly (readonly [string, string])[],
  encodeLong: (pretoken: string) => readonly number[],
): (text: string) => number[] {
  const byteIds = Uint32Array.from(BYTE_CHARACTERS, (character) => ids.get(character)!);
  const ranks = pairTable(merges.length);
  // If a pair is listed twice, its last rank counts, as in the library.
  merges.forEach(([left, right], rank) => ranks.set(ids.get(left)!, ids.get(right)!, rank));
  const results = Uint32Array.from(merges, ([left, right]) => ids.get(left + right)!);
  const utf8 = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytes = new Uint8Array(LONG_PRETOKEN + 3);
  const scratch = new Uint32Array(LONG_PRETOKEN);
  /** Where a pretoken's ids are in `cached`: `start * PLACE + count`. */
  const places = new Map<string, number>();
  const cached = new Uint32Array(CACHED_IDS);
  let used = 0;
  /** Encodes a pretoken into the cache and returns its place; undefined for a long one. */
  const add = (pretoken: string): number | undefined => {
    if (pretoken.length > LONG_PRETOKEN) return undefined;
    const { read, written } = utf8.encodeInto(pretoken, bytes);
    if (read < pretoken.length || written > LONG_PRETOKEN) return undefined;
    for (let i = 0; i < written; i++) scratch[i] = byteIds[bytes[i]!]!;
    const count = mergeAll(scratch, written, ranks, results);
    if (places.size >= CACHED_PRETOKENS || used + count > CACHED_IDS) {
      places.clear();
      used = 0;
    }
    cached.set(scratch.subarray(0, count), used);
    const place = used * PLACE + count;
    used += count;
    // A copy, because a part of a text would keep the whole text in memory.
    places.set(pretoken.isWellFormed() ? decoder.decode(bytes.subarray(0, written)) : pretoken, place);
    return place;
  };
  const pattern = pretokenPattern();
  return (text) => {
    const encoded: number[] = [];
    for (const pretoken of text.match(pattern) ?? []) {
      const place = places.get(pretoken) ?? add(pretoken);
      if (place === undefined) {
        for (const id of encodeLong(pretoken)) encoded.push(id);
        continue;
      }
      const start = Math.floor(place / PLACE);
      const end = start + place % PLACE;
      for (let i = start; i < end; i++) encoded.push(cached[i]!);
    }
    return encoded;
  };
}

/** More than the ids of a pretoken; places are below 2^30, which V8 keeps without an object. */
const PLACE = 1 << 10;

/**
 * Merges the pair with the lowest rank, leftmost first, until nothing can be merged, in place.
 *
 * @returns the number of ids left
 */
function mergeAll(ids: Uint32Array, count: number, ranks: PairTable, results: Uint32Array): number {
  let length = count;
  while (length > 1) {
    let best = NO_RANK;
    let place = 0;
    for (let i = 1; i < length; i++) {
      const rank = ranks.get(ids[i - 1]!, ids[i]!);
      if (rank < best) {
        best = rank;
        place = i - 1;
      }
    }
    if (best === NO_RANK) break;
    ids[place] = results[best]!;
    ids.copyWithin(place + 1, place + 2, length);
    length--;
  }
  return length;
}

/** The rank of a pair that is not merged. */
const NO_RANK = 0x7fffffff;

/** Ranks of pairs of ids. */
interface PairTable {
  set(left: number, right: number, rank: number): void;
  get(left: number, right: number): number;
}

/** An open-addressing table of at most `count` pairs. */
function pairTable(count: number): PairTable {
  let size = 16;
  while (size < 4 * count) size *= 2;
  const mask = size - 1;
  const lefts = new Int32Array(size).fill(-1);
  const rights = new Int32Array(size);
  const ranks = new Int32Array(size).fill(NO_RANK);
  const slotOf = (left: number, right: number): number => {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    set(left, right, rank) {
      const slot = slotOf(left, right);
      lefts[slot] = left;
      rights[slot] = right;
      ranks[slot] = rank;
    },
    get: (left, right) => ranks[slotOf(left, right)]!,
  };
}
