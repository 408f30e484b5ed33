// Sizes of packed matrices for products in machine code (wasm/source/panels.ts packs them).
import { BLOCK_TILES, VECTOR_BYTES } from "../layout/constants.ts";
import type { TileShape } from "../layout/native.ts";

type Shape = Pick<TileShape, "rows" | "columns"> | undefined;

/** Bytes of K rows and N columns as packed panels; none without machine code. */
export function packedBytes(shape: Shape, K: number, N: number): number {
  return shape === undefined ? 0 : 4 * Math.ceil(N / shape.columns) * shape.columns * K;
}

/** Bytes of a block of packed A of `steps` steps of k, needed where A is stored transposed. */
export function asideBytes(shape: Shape, steps: number): number {
  return shape === undefined ? 0 : BLOCK_TILES * (4 * shape.rows * steps + VECTOR_BYTES);
}
