// Token streams in memory.
import type { TokenStream } from "../types.ts";

/** A {@linkcode TokenStream} whose tokens are in memory. */
export interface MemoryStream extends TokenStream {
  readonly tokens: Int32Array;
  /** Index of each document's first token in `tokens`, ascending. */
  readonly starts: Int32Array;
  /** The runs of tokens that are not trained on, as indices from and to, ascending. */
  readonly unscored: Int32Array;
}

/** A stream of tokens in memory. */
export function memoryStream(
  { tokens, starts, unscored = new Int32Array(), bytes }:
    & Pick<MemoryStream, "tokens" | "starts" | "bytes">
    & Partial<Pick<MemoryStream, "unscored">>,
): MemoryStream {
  return {
    tokens,
    starts,
    unscored,
    bytes,
    length: tokens.length,
    copy: (start, target) => target.set(tokens.subarray(start, start + target.length)),
    nextStart: (position) => firstAbove(starts.length, (i) => starts[i]!, position),
    hideUnscored: (start, target) => hideRuns(unscored.length, (i) => unscored[i]!, start, target),
  };
}

/**
 * Sets what is in runs to -1.
 *
 * @param count of the numbers that `at` gives: where runs begin and end, ascending
 * @param start place of the first element of `target`
 */
export function hideRuns(count: number, at: (index: number) => number, start: number, target: Int32Array): void {
  if (count === 0) return;
  const end = start + target.length;
  // An odd number of borders before a place means that it is within a run.
  let border = placeAbove(count, at, start);
  let from = border % 2 === 1 ? start : Infinity;
  for (; border < count && at(border) < end; border++) {
    if (border % 2 === 0) from = at(border);
    else target.fill(-1, from - start, at(border) - start);
  }
  if (border % 2 === 1) target.fill(-1, from - start);
}

/** The first of `count` ascending numbers that is above `value`; infinity if none is. */
export function firstAbove(count: number, at: (index: number) => number, value: number): number {
  const place = placeAbove(count, at, value);
  return place < count ? at(place) : Infinity;
}

/** The index of the first of `count` ascending numbers that is above `value`; `count` if none is. */
function placeAbove(count: number, at: (index: number) => number, value: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
