// Token streams in memory.
import type { TokenStream } from "../types.ts";

/** A {@linkcode TokenStream} whose tokens are in memory. */
export interface MemoryStream extends TokenStream {
  readonly tokens: Int32Array;
  /** Index of each document's `<|endoftext|>` in `tokens`, ascending. */
  readonly starts: Int32Array;
}

/** A stream of tokens in memory. */
export function memoryStream(
  { tokens, starts, bytes }: Pick<MemoryStream, "tokens" | "starts" | "bytes">,
): MemoryStream {
  return {
    tokens,
    starts,
    bytes,
    length: tokens.length,
    copy: (start, target) => target.set(tokens.subarray(start, start + target.length)),
    nextStart: (position) => firstAbove(starts.length, (i) => starts[i]!, position),
  };
}

/** The first of `count` ascending numbers that is above `value`; infinity if none is. */
export function firstAbove(count: number, at: (index: number) => number, value: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle) > value) high = middle;
    else low = middle + 1;
  }
  return low < count ? at(low) : Infinity;
}
