// The kernels in machine code: their numbers and the records that they take their arguments from. Lengths of rows and steps
// are in bytes; addresses are those of the process.
import { record } from "./record.ts";

/** What one family of kernels computes at a time. */
export interface TileShape {
  /** Bits of a vector. */
  readonly width: 256 | 512;
  /** Rows of the tallest tile: with two vectors each, sums take all but a few registers. */
  readonly rows: number;
  /** Columns of a tile and of a panel of B: two vectors. */
  readonly columns: number;
}

export const AVX2: TileShape = { width: 256, rows: 6, columns: 16 };
export const AVX512: TileShape = { width: 512, rows: 12, columns: 32 };

/** Bits of what `features()` returns: AVX2 with FMA; with AVX-512 F; with AVX-512 BW and AMX for bfloat16. */
export const FEATURES = { avx2: 1, avx512: 2, amx: 4 } as const;

/** Kernels that both families have, in the order of their numbers; tiles of C come next. */
const COMMON = [
  "packPanel",
  "packTiles",
  "transpose",
  "softmax",
  "softmaxGradient",
  "swiglu",
  "swigluGradient",
  "rowSums",
  "scaledRow",
] as const;

/** What comes after the tiles of AVX-512; {@linkcode splitForm} counts the first four. */
const AMX = ["splitAlongK", "splitAlongKTurned", "splitAcrossK", "splitAcrossKTurned", "amx"] as const;

/**
 * Which kernel splits a matrix for AMX, counted from the first: bit 1 says that k are not side by side as it is stored, bit
 * 0 that the lines of the result are turned.
 */
export function splitForm(operand: "A" | "B", transposed: boolean): number {
  return operand === "A" ? (transposed ? 3 : 0) : (transposed ? 1 : 2);
}

/** Number of the kernel for tiles of C; A is stored transposed or not. */
export function tileKernel(rows: number, transposed: boolean): number {
  return COMMON.length + 2 * (rows - 1) + Number(transposed);
}

/** Number of each kernel besides the tiles; AMX's are in the family of AVX-512. */
export const NATIVE_KERNEL = Object.fromEntries([
  ...COMMON.map((name, i) => [name, i]),
  ...AMX.map((name, i) => [name, tileKernel(AVX512.rows + 1, false) + i]),
]) as Readonly<Record<typeof COMMON[number] | typeof AMX[number], number>>;

/**
 * Tiles of C in a row of `panelCount` panels, `tiles` times. With `add`, what is added lies `addend` bytes from C: 0 is C
 * itself. With `partial`, the last panel has fewer columns: `mask` has 32 bits for each with AVX2, one bit with AVX-512
 * (16 in each of the first two words). `ahead` is 64 if the next tile's A lies right behind this one's and is to be
 * prefetched, else 0; `step` is the kernel's own.
 */
export const TILES_CALL = record({
  a: "u64",
  lda: "u64",
  tiles: "u64",
  tileStepA: "u64",
  panels: "u64",
  panelStep: "u64",
  panelCount: "u64",
  c: "u64",
  ldc: "u64",
  tileStepC: "u64",
  k: "u64",
  add: "u64",
  alpha: "f32",
  partial: "u64",
  mask: "u32[16]",
  addend: "i64",
  ahead: "u64",
  step: "u64",
});

/** Packing: `ld` and `step` are the bytes from one row to the next, before and after; the mask is that of the columns. */
export const PACK_CALL = record({
  from: "u64",
  ld: "u64",
  to: "u64",
  step: "u64",
  count: "u64",
  mask: "u32[16]",
  tiles: "u64",
  tileBytes: "u64",
});

/** SwiGLU and its gradient: arrays of `count` floats, a multiple of 16. */
export const ARRAYS_CALL = record({ gate: "u64", up: "u64", first: "u64", second: "u64", third: "u64", count: "u64" });

/**
 * Exponentials of rows: `table` has a {@linkcode ROW_RANGE} for each row. `other` is where the softmax writes a
 * {@linkcode ROW_SUMS} for each row, the gradient's second matrix, or the output.
 */
export const ROWS_CALL = record({ rows: "u64", step: "u64", count: "u64", table: "u64", other: "u64" });

/** The bytes of a row between which its numbers are (multiples of 64), and two numbers that go into its arithmetic. */
export const ROW_RANGE = record({ begin: "i32", end: "i32", first: "f32", second: "f32" });

/** A row's sum of exponentials in 16 parts, and 16 times its largest number. */
export const ROW_SUMS = record({ parts: "f32[16]", largest: "f32[16]" });

/**
 * Splitting for AMX: `steps` steps of k, `stepBytes` from one to the next, of `groups` groups of rows or columns,
 * `groupBytes` from one to the next; `strip` are the bytes of a packed strip. Each word of `largest` becomes the largest
 * of some numbers, as bits without the sign and shifted to the left by one; the caller clears them.
 */
export const SPLIT_CALL = record({
  from: "u64",
  ld: "u64",
  to: "u64",
  steps: "u64",
  stepBytes: "u64",
  groups: "u64",
  groupBytes: "u64",
  strip: "u64",
  largest: "u32[16]",
});

/**
 * A block of C by AMX: `stripsA` packed strips, `stepA` bytes from one to the next, times `stripsB`, of `steps` steps of k.
 * The last strip of A has `rows` rows; with `partial`, the last one of B has the columns in `mask`, a bit each. `edge` is
 * scratch memory for blocks at an edge of C; `add` and `addend` are as in {@linkcode TILES_CALL}.
 */
export const AMX_CALL = record({
  a: "u64",
  stepA: "u64",
  stripsA: "u64",
  b: "u64",
  stepB: "u64",
  stripsB: "u64",
  steps: "u64",
  c: "u64",
  ldc: "u64",
  add: "u64",
  addend: "i64",
  rows: "u64",
  partial: "u64",
  mask: "u32[2]",
  edge: "u64",
});
