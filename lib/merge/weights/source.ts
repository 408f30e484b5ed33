// A tensor that is read in pieces, so that merging never needs the whole of one in memory.
import type { HostTensor } from "../../model/mod.ts";

/** A tensor's values as float32, wherever they lie. */
export interface TensorSource {
  readonly shape: readonly number[];
  /** Values `begin` to `end` (exclusive) in row-major order, for reading only; good until this source is read again. */
  read(begin: number, end: number): Float32Array;
}

/** Elements of a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A tensor in memory as a source. */
export function inMemory({ shape, data }: HostTensor): TensorSource {
  return { shape, read: (begin, end) => data.subarray(begin, end) };
}

/**
 * Ranges that cover `size` elements in order, each of about `piece` elements and a multiple of `unit` long.
 *
 * @param unit elements that must not be parted; a range is at least as long
 */
export function* ranges(size: number, piece: number, unit = 1): Generator<readonly [begin: number, end: number]> {
  const step = Math.max(1, unit, Math.floor(piece / Math.max(1, unit)) * unit);
  for (let begin = 0; begin < size; begin += step) yield [begin, Math.min(size, begin + step)];
}

/** Room for a piece, the same at every call: pieces come by the thousand. */
export function buffer<Data extends Float32Array | Uint8Array>(
  make: new (size: number) => Data,
): (size: number) => Data {
  let values = new make(0);
  return (size) => {
    if (values.length < size) values = new make(size);
    return values.subarray(0, size) as Data;
  };
}
