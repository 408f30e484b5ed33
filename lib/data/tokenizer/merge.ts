// Merging the symbols of a word by byte-pair encoding.

/** The rank of a pair that is not merged. */
const NO_RANK = 0x7fffffff;

/** Words of more symbols are merged with a heap, which takes longer for short ones. */
const LONG_WORD = 64;

/** A merge of two ids into one. */
export type Merge = readonly [left: number, right: number, merged: number];

/** Merges the symbols of a word in place: the pair of the lowest rank first, the leftmost of those. */
export type Merger = (ids: Int32Array, count: number) => number;

/**
 * Returns a function that merges the first `count` ids of an array and returns how many are left.
 *
 * @param merges in the order of their ranks; if a pair is listed twice, its last rank counts, as in Python's library
 */
export function merger(merges: readonly Merge[]): Merger {
  const ranks = pairTable(merges.length);
  merges.forEach(([left, right], rank) => ranks.set(left, right, rank));
  const merged = Int32Array.from(merges, ([, , id]) => id);
  return (ids, count) =>
    count <= LONG_WORD ? mergeShort(ids, count, ranks, merged) : mergeLong(ids, count, ranks, merged);
}

/** The ranks of the pairs of a short word. */
const pairRanks = new Int32Array(LONG_WORD);

function mergeShort(ids: Int32Array, count: number, ranks: PairTable, merged: Int32Array): number {
  for (let i = 1; i < count; i++) pairRanks[i - 1] = ranks.get(ids[i - 1]!, ids[i]!);
  let length = count;
  while (length > 1) {
    let best = NO_RANK;
    let place = 0;
    for (let i = 0; i < length - 1; i++) {
      const rank = pairRanks[i]!;
      if (rank < best) {
        best = rank;
        place = i;
      }
    }
    if (best === NO_RANK) break;
    ids[place] = merged[best]!;
    length--;
    for (let i = place + 1; i < length; i++) {
      ids[i] = ids[i + 1]!;
      pairRanks[i - 1] = pairRanks[i]!;
    }
    if (place > 0) pairRanks[place - 1] = ranks.get(ids[place - 1]!, ids[place]!);
    if (place < length - 1) pairRanks[place] = ranks.get(ids[place]!, ids[place + 1]!);
  }
  return length;
}

/** A heap's entries are `rank * PLACES + place`: exact in a double for 2^24 merges and 2^28 symbols. */
const PLACES = 2 ** 28;

/** In time that is nearly linear. */
function mergeLong(ids: Int32Array, count: number, ranks: PairTable, merged: Int32Array): number {
  /** The places of the symbols beside each symbol; -1 and `count` beyond the ends. */
  const before = Int32Array.from({ length: count }, (_, i) => i - 1);
  const after = Int32Array.from({ length: count }, (_, i) => i + 1);
  const heap = new MinHeap(count);
  const add = (left: number, right: number) => {
    const rank = ranks.get(ids[left]!, ids[right]!);
    if (rank !== NO_RANK) heap.push(rank * PLACES + left);
  };
  for (let i = 1; i < count; i++) add(i - 1, i);
  const GONE = -1;
  for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
    const place = entry % PLACES;
    const rank = (entry - place) / PLACES;
    const right = after[place]!;
    // The pair may have changed since it was added.
    if (ids[place] === GONE || right === count || ranks.get(ids[place]!, ids[right]!) !== rank) continue;
    ids[place] = merged[rank]!;
    ids[right] = GONE;
    after[place] = after[right]!;
    if (after[place] < count) {
      before[after[place]] = place;
      add(place, after[place]);
    }
    if (before[place]! >= 0) add(before[place]!, place);
  }
  let length = 0;
  for (let i = 0; i < count; i = after[i]!) ids[length++] = ids[i]!;
  return length;
}

/** A binary heap of numbers; the least comes first. */
class MinHeap {
  #values: Float64Array;
  #size = 0;

  constructor(size: number) {
    this.#values = new Float64Array(Math.max(16, size));
  }

  push(value: number): void {
    if (this.#size === this.#values.length) {
      const grown = new Float64Array(2 * this.#size);
      grown.set(this.#values);
      this.#values = grown;
    }
    const values = this.#values;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (values[parent]! <= value) break;
      values[i] = values[parent]!;
      i = parent;
    }
    values[i] = value;
  }

  pop(): number | undefined {
    if (this.#size === 0) return undefined;
    const values = this.#values;
    const least = values[0]!;
    const last = values[--this.#size]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && values[child + 1]! < values[child]!) child++;
      if (last <= values[child]!) break;
      values[i] = values[child]!;
      i = child;
    }
    values[i] = last;
    return least;
  }
}

/** Numbers of pairs of ids. */
export interface PairTable {
  set(left: number, right: number, value: number): void;
  /** {@linkcode NO_RANK} for a pair that was not set. */
  get(left: number, right: number): number;
}

/** An open-addressing table of at most `count` pairs. */
export function pairTable(count: number): PairTable {
  let size = 16;
  while (size < 2 * count) size *= 2;
  const mask = size - 1;
  const lefts = new Int32Array(size).fill(-1);
  const rights = new Int32Array(size);
  const values = new Int32Array(size).fill(NO_RANK);
  const slotOf = (left: number, right: number): number => {
    const mixed = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (lefts[slot] !== -1 && (lefts[slot] !== left || rights[slot] !== right)) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    set(left, right, value) {
      const slot = slotOf(left, right);
      lefts[slot] = left;
      rights[slot] = right;
      values[slot] = value;
    },
    get: (left, right) => values[slotOf(left, right)]!,
  };
}
