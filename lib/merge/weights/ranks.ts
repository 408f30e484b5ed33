// Which elements of a tensor are the k largest or smallest in magnitude, found without sorting or holding the tensor:
// two passes that count the upper and then the lower halves of the values' bits.

/** A place in the order of magnitudes: before it come all with a smaller key, and the first `equals` with this key. */
export interface RankCut {
  readonly key: number;
  readonly equals: number;
}

/** Successive pieces of a tensor, from its start at every call. */
export type Pieces = () => Iterable<Float32Array>;

/** Smallest magnitude first, or largest first; among equals the lower index comes first in both. */
export type Order = "ascending" | "descending";

/**
 * The key whose numeric order is `order` by magnitude. A float32 without its sign orders like the whole number of its
 * bits, and NaN comes above infinity.
 */
export function magnitudeKey(bits: number, order: Order): number {
  return order === "ascending" ? bits & 0x7fffffff : 0x7fffffff - (bits & 0x7fffffff);
}

/** The bits of float32 values. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/**
 * The cuts before which exactly `ranks[i]` elements lie, in two passes over the tensor.
 *
 * @param ranks from 0 to the number of elements
 */
export function rankCuts(pieces: Pieces, order: Order, ranks: readonly number[]): RankCut[] {
  const upper = new Float64Array(1 << 15);
  for (const piece of pieces()) {
    const bits = bitsOf(piece);
    for (let i = 0; i < bits.length; i++) upper[magnitudeKey(bits[i]!, order) >>> 16]!++;
  }
  const places = ranks.map((rank) => placeOf(upper, rank));
  const lower = new Map(places.map(({ bin }) => [bin, new Float64Array(1 << 16)]));
  for (const piece of pieces()) {
    const bits = bitsOf(piece);
    for (let i = 0; i < bits.length; i++) {
      const key = magnitudeKey(bits[i]!, order);
      const counts = lower.get(key >>> 16);
      if (counts !== undefined) counts[key & 0xffff]!++;
    }
  }
  return places.map(({ bin, left }) => {
    const place = placeOf(lower.get(bin)!, left);
    return { key: bin * 65536 + place.bin, equals: place.left };
  });
}

/** The bin in which the element of this rank lies, and how many of the bin's elements come before it. */
function placeOf(counts: Float64Array, rank: number): { readonly bin: number; readonly left: number } {
  let left = rank;
  for (let bin = 0; bin < counts.length - 1; bin++) {
    if (left < counts[bin]!) return { bin, left };
    left -= counts[bin]!;
  }
  return { bin: counts.length - 1, left };
}

/** Bits that one pass of {@linkcode rowRanks} sorts by; three passes sort by the 31 of a magnitude. */
const DIGIT_BITS = 11;

/**
 * Ranks from 0 of the magnitudes of `count` elements, smallest first, among equals the lower index first: a radix sort,
 * which keeps the order of equals.
 *
 * @param at the element of `values` that is number `i` of the row
 */
export function rowRanks(values: Float32Array, count: number, at: (i: number) => number): Uint32Array {
  const bits = bitsOf(values);
  const keys = new Uint32Array(count);
  for (let i = 0; i < count; i++) keys[i] = magnitudeKey(bits[at(i)]!, "ascending");
  let sorted = new Uint32Array(count);
  for (let i = 0; i < count; i++) sorted[i] = i;
  let next = new Uint32Array(count);
  for (let shift = 0; shift < 31; shift += DIGIT_BITS) {
    const starts = new Uint32Array(1 << DIGIT_BITS);
    const digit = (i: number) => (keys[i]! >>> shift) & (starts.length - 1);
    for (let i = 0; i < count; i++) starts[digit(i)]!++;
    for (let d = 0, start = 0; d < starts.length; d++) [starts[d], start] = [start, start + starts[d]!];
    for (let place = 0; place < count; place++) {
      const i = sorted[place]!;
      next[starts[digit(i)]!++] = i;
    }
    [sorted, next] = [next, sorted];
  }
  const ranks = next;
  for (let rank = 0; rank < count; rank++) ranks[sorted[rank]!] = rank;
  return ranks;
}
