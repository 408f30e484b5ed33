// Finds the k elements of largest or smallest magnitude without sorting or holding the tensor: one pass counts the upper
// halves of the values' bits, a second the lower halves.

/** A cut in the order of magnitudes: before it are all elements with a smaller key and the first `equals` with this key. */
export interface RankCut {
  readonly key: number;
  readonly equals: number;
}

/** Yields the pieces of a tensor; every call starts at the beginning. */
export type Pieces = () => Iterable<Float32Array>;

/** Smallest or largest magnitude first; among equals, the lower index comes first in both. */
export type Order = "ascending" | "descending";

/**
 * The mask that turns a float32's bits, without the sign, into a key that sorts in `order`. These bits sort like
 * integers, with NaN above infinity; flipping all 31 of them reverses the order.
 */
export function flipOf(order: Order): number {
  return order === "ascending" ? 0 : MAGNITUDE;
}

/** Mask for the bits of a float32 without the sign. */
export const MAGNITUDE = 0x7fffffff;

/** The bits of float32 values. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/**
 * For each rank, the cut that exactly `ranks[i]` elements precede; takes two passes over the tensor.
 *
 * @param ranks each from 0 to the number of elements
 */
export function rankCuts(pieces: Pieces, order: Order, ranks: readonly number[]): RankCut[] {
  const flip = flipOf(order);
  const upper = new Float64Array(1 << 15);
  for (const piece of pieces()) {
    const bits = bitsOf(piece);
    for (let i = 0; i < bits.length; i++) upper[((bits[i]! & MAGNITUDE) ^ flip) >>> 16]!++;
  }
  const places = ranks.map((rank) => placeOf(upper, rank));
  const lower = new Map(places.map(({ bin }) => [bin, new Float64Array(1 << 16)]));
  const wanted = new Uint8Array(upper.length);
  for (const bin of lower.keys()) wanted[bin] = 1;
  for (const piece of pieces()) {
    const bits = bitsOf(piece);
    for (let i = 0; i < bits.length; i++) {
      const key = (bits[i]! & MAGNITUDE) ^ flip;
      if (wanted[key >>> 16] === 1) lower.get(key >>> 16)![key & 0xffff]!++;
    }
  }
  return places.map(({ bin, left }) => {
    const place = placeOf(lower.get(bin)!, left);
    return { key: bin * 65536 + place.bin, equals: place.left };
  });
}

/** The bin that holds the element of this rank, and the number of elements of the bin before it. */
function placeOf(counts: Float64Array, rank: number): { readonly bin: number; readonly left: number } {
  let left = rank;
  for (let bin = 0; bin < counts.length - 1; bin++) {
    if (left < counts[bin]!) return { bin, left };
    left -= counts[bin]!;
  }
  return { bin: counts.length - 1, left };
}

/** Bits per pass of {@linkcode rowRanks}; three passes cover the 31 bits of a magnitude. */
const DIGIT_BITS = 11;

/**
 * Ranks (from 0) of the magnitudes of `count` elements, smallest first; among equals the lower index first. Uses a stable
 * radix sort.
 *
 * @param at index in `values` of the row's element `i`
 */
export function rowRanks(values: Float32Array, count: number, at: (i: number) => number): Uint32Array {
  const bits = bitsOf(values);
  const keys = new Uint32Array(count);
  for (let i = 0; i < count; i++) keys[i] = bits[at(i)]! & MAGNITUDE;
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
