// Tensors read in pieces, so that a merge never holds a whole one in memory.
import type { HostTensor } from "../../model/mod.ts";

/** A tensor's values as float32, from memory or a file. */
export interface TensorSource {
  readonly shape: readonly number[];
  /** Values `begin` to `end` (exclusive) in row-major order; read-only, and valid until the next read of this source. */
  read(begin: number, end: number): Float32Array;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A source for a tensor in memory. */
export function inMemory({ shape, data }: HostTensor): TensorSource {
  return { shape, read: (begin, end) => data.subarray(begin, end) };
}

/**
 * Consecutive ranges that cover `size` elements, each about `piece` long and a multiple of `unit`.
 *
 * @param unit elements that must stay together; the least length of a range
 */
export function* ranges(size: number, piece: number, unit = 1): Generator<readonly [begin: number, end: number]> {
  const step = Math.max(1, unit, Math.floor(piece / Math.max(1, unit)) * unit);
  for (let begin = 0; begin < size; begin += step) yield [begin, Math.min(size, begin + step)];
}

/** A function that returns the same scratch array at every call, because pieces come by the thousand. */
export function buffer<Data extends Float32Array | Uint8Array>(
  make: new (size: number) => Data,
): (size: number) => Data {
  let values = new make(0);
  return (size) => {
    if (values.length < size) values = new make(size);
    return values.subarray(0, size) as Data;
  };
}
