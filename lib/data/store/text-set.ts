// A set of texts that keeps 24 bytes of each, however long it is.
import { hash } from "node:crypto";

/** Bytes kept of a text's SHA-256. With 10^9 texts, the chance that two different ones look equal is below 10^-20. */
const HASH_BYTES = 16;

/** A set of texts, known by their hashes. */
export interface TextSet {
  readonly size: number;
  /** Adds a text; false if it is there already. */
  add(text: string): boolean;
  /** Adds the text with this SHA-256; false if it is there already. */
  addDigest(digest: Uint8Array): boolean;
  /** Removes the texts that were added last, down to `size`. */
  truncate(size: number): void;
}

/** An empty {@linkcode TextSet}: hashes in the order of addition, and an open-addressing table of their places. */
export function textSet(): TextSet {
  let hashes = new Uint32Array(1024);
  /** Places in `hashes` plus one; 0 is empty. At most half of it is full. */
  let table = new Uint32Array(512);
  let size = 0;
  const WORDS = HASH_BYTES / 4;
  /** Index in the table of the hash at `place`, or of the empty slot where it belongs. */
  const slotOf = (place: number): number => {
    const at = place * WORDS;
    let slot = hashes[at]! & (table.length - 1);
    for (; table[slot] !== 0; slot = (slot + 1) & (table.length - 1)) {
      const other = (table[slot]! - 1) * WORDS;
      let equal = true;
      for (let i = 0; equal && i < WORDS; i++) equal = hashes[other + i] === hashes[at + i];
      if (equal) break;
    }
    return slot;
  };
  const grow = () => {
    const more = new Uint32Array(2 * hashes.length);
    more.set(hashes);
    hashes = more;
    table = new Uint32Array(2 * table.length);
    for (let place = 0; place < size; place++) table[slotOf(place)] = place + 1;
  };
  const addDigest = (digest: Uint8Array) => {
    if (2 * (size + 1) > table.length || (size + 1) * WORDS > hashes.length) grow();
    const words = new DataView(digest.buffer, digest.byteOffset);
    for (let i = 0; i < WORDS; i++) hashes[size * WORDS + i] = words.getUint32(4 * i, true);
    const slot = slotOf(size);
    if (table[slot] !== 0) return false;
    table[slot] = ++size;
    return true;
  };
  return {
    get size() {
      return size;
    },
    add: (text) => addDigest(hash("sha256", text, "buffer")),
    addDigest,
    truncate(to) {
      // Removing the last addition restores the table as it was before, because entries move only when the table grows,
      // and then they are added again in the same order.
      while (size > to) {
        table[slotOf(size - 1)] = 0;
        size--;
      }
    },
  };
}
