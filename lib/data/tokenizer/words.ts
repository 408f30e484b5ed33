// Encodes words, which are pretokens or the parts of them that no merge joins, and remembers the ids of frequent ones.
import type { Merger } from "./merge.ts";

/** Number of distinct words in the cache before it is cleared, and of their ids. */
const CACHED_WORDS = 1 << 15;
const CACHED_IDS = 1 << 18;

/** Words of more UTF-8 bytes are not remembered. */
const LONGEST_CACHED = 256;

/** More than the ids of a word; places are below 2^30, which V8 keeps without an object. */
const PLACE = 1 << 10;

/** Appends the ids of a word. */
export type WordEncoder = (word: string, ids: number[]) => void;

/**
 * Returns an encoder of words whose cache takes about 5 MB.
 *
 * @param symbols writes the ids of a word before anything is merged, at most one for each of its UTF-8 bytes, and returns
 *   how many there are
 * @param whole the id of a word, given in UTF-8, that is a token whatever the merges say
 */
export function wordEncoder(
  symbols: (word: string, bytes: Uint8Array, ids: Int32Array) => number,
  merge: Merger,
  whole: (bytes: Uint8Array) => number | undefined = () => undefined,
): WordEncoder {
  const utf8 = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const shortBytes = new Uint8Array(LONGEST_CACHED + 3);
  const shortIds = new Int32Array(LONGEST_CACHED);
  /** Where a word's ids are in `cached`: `start * PLACE + count`. */
  const places = new Map<string, number>();
  const cached = new Int32Array(CACHED_IDS);
  let used = 0;
  const encodeLong = (word: string, out: number[]) => {
    const bytes = utf8.encode(word);
    const known = whole(bytes);
    if (known !== undefined) {
      out.push(known);
      return;
    }
    const ids = new Int32Array(bytes.length);
    const count = merge(ids, symbols(word, bytes, ids));
    for (let i = 0; i < count; i++) out.push(ids[i]!);
  };
  /** Encodes a word into the cache and returns its place; undefined for a long one. */
  const add = (word: string): number | undefined => {
    if (word.length > LONGEST_CACHED) return undefined;
    const { read, written } = utf8.encodeInto(word, shortBytes);
    if (read < word.length || written > LONGEST_CACHED) return undefined;
    const bytes = shortBytes.subarray(0, written);
    const known = whole(bytes);
    let count = 1;
    if (known === undefined) count = merge(shortIds, symbols(word, bytes, shortIds));
    else shortIds[0] = known;
    if (places.size >= CACHED_WORDS || used + count > CACHED_IDS) {
      places.clear();
      used = 0;
    }
    cached.set(shortIds.subarray(0, count), used);
    const place = used * PLACE + count;
    used += count;
    // A copy, because a part of a text would keep the whole text in memory.
    places.set(decoder.decode(bytes), place);
    return place;
  };
  return (word, out) => {
    const place = places.get(word) ?? add(word);
    if (place === undefined) {
      encodeLong(word, out);
      return;
    }
    const start = Math.floor(place / PLACE);
    const end = start + place % PLACE;
    for (let i = start; i < end; i++) out.push(cached[i]!);
  };
}
