// The kernels in machine code: their numbers, and the records that hold their arguments. Strides and steps are in
// bytes; addresses are addresses in the process.
import { PACKED_FORMATS, type PackedFormat } from "../../packed-format.ts";
import { all, record } from "./record.ts";

const words = <const Names extends readonly string[]>(...names: Names) => all("u64", names);

/** Size of the tiles of one family of kernels. */
export interface TileShape {
  /** Bits of a vector. */
  readonly width: 256 | 512;
  /** Most rows of a tile: with two vectors per row, sums take all but a few registers. */
  readonly rows: number;
  /** Columns of a tile and of a panel of B: two vectors. */
  readonly columns: number;
  /** Most rows that a call multiplies by packed weights. */
  readonly packedRows: number;
  /** Of these, most whose sums are in registers together. */
  readonly packedRowsAtOnce: number;
}

export const AVX2: TileShape = { width: 256, rows: 6, columns: 16, packedRows: 8, packedRowsAtOnce: 4 };
export const AVX512: TileShape = { width: 512, rows: 12, columns: 32, packedRows: 8, packedRowsAtOnce: 8 };

/** Bits of what `features()` returns: AVX2 with FMA and F16C; with AVX-512 F; with AVX-512 BW and AMX for bfloat16. */
export const FEATURES = { avx2: 1, avx512: 2, amx: 4 } as const;

/** Kernels of both families, in the order of their numbers; tiles of C follow. */
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

/** Kernels after the tiles of AVX-512; {@linkcode splitForm} selects one of the first four. */
const AMX = ["splitAlongK", "splitAlongKTurned", "splitAcrossK", "splitAcrossKTurned", "amx"] as const;

/**
 * Which of the four kernels splits a matrix for AMX. Bit 1: k is not the contiguous dimension of the stored matrix; bit
 * 0: the lines of the result are transposed.
 */
export function splitForm(operand: "A" | "B", transposed: boolean): number {
  return operand === "A" ? (transposed ? 3 : 0) : (transposed ? 1 : 2);
}

/** Kernels for each format of packed weights: unpacking, numbers of rows, and a pair of panels with one row. */
const PACKED_KERNELS = 1 + AVX512.packedRows + 1;

/** What a kernel for packed weights does: multiplies so many rows, or one row by two panels at a time, or unpacks. */
export type PackedTask = number | "pair" | "unpack";

/** Number of the kernel for packed weights of a format. Pairs of panels are for AVX-512 only. */
export function packedKernel(format: PackedFormat, task: PackedTask): number {
  const place = task === "unpack" ? 0 : task === "pair" ? PACKED_KERNELS - 1 : task;
  return COMMON.length + PACKED_FORMATS.indexOf(format) * PACKED_KERNELS + place;
}

/** Number of the kernel for tiles of `rows` rows; A is stored transposed or not. */
export function tileKernel(rows: number, transposed: boolean): number {
  return COMMON.length + PACKED_FORMATS.length * PACKED_KERNELS + 2 * (rows - 1) + Number(transposed);
}

/** Numbers of all other kernels; AMX's belong to the family of AVX-512. */
export const NATIVE_KERNEL = Object.fromEntries([
  ...COMMON.map((name, i) => [name, i]),
  ...AMX.map((name, i) => [name, tileKernel(AVX512.rows + 1, false) + i]),
]) as Readonly<Record<typeof COMMON[number] | typeof AMX[number], number>>;

/**
 * Tiles of C: `tiles` rows of `panelCount` tiles. With `add`, an addend is added that is `addend` bytes from C (0: C
 * itself). With `partial`, the last panel has fewer columns, which `mask` selects: 32 bits per column with AVX2, one
 * bit with AVX-512 (16 in each of the first two words). `ahead` is 64 to prefetch the next tile's A, if it directly
 * follows this one's, else 0; `step` is used by the kernel itself.
 */
export const TILES_CALL = record({
  ...words("a", "lda", "tiles", "tileStepA", "panels", "panelStep", "panelCount", "c", "ldc", "tileStepC", "k", "add"),
  alpha: "f32",
  partial: "u64",
  mask: "u32[16]",
  addend: "i64",
  ...words("ahead", "step"),
});

/** Packing: `ld` and `step` are the row strides before and after; `mask` selects columns as above. */
export const PACK_CALL = record({
  ...words("from", "ld", "to", "step", "count"),
  mask: "u32[16]",
  ...words("tiles", "tileBytes"),
});

/**
 * Packed weights: `count` panels, or pairs of panels, of `units` units each, `step` bytes apart. Rows of x are `ldx` bytes
 * apart; `add` and `addend` are as in {@linkcode TILES_CALL}. Unpacking writes panels for the tile kernels to `c`, one after
 * another. `adding` and `distance` are used by the kernel itself.
 */
export const PACKED_CALL = record({
  ...words("panels", "step", "count", "units", "x", "ldx", "c", "ldc", "add"),
  addend: "i64",
  ...words("adding", "distance"),
});

/** SwiGLU and its gradient: arrays of `count` floats, a multiple of 16. */
export const ARRAYS_CALL = record(words("gate", "up", "first", "second", "third", "count"));

/**
 * Exponentials of rows: `table` has a {@linkcode ROW_RANGE} for each row. `other` points to the {@linkcode ROW_SUMS}
 * that the softmax writes for each row, to the gradient's second matrix, or to the output.
 */
export const ROWS_CALL = record(words("rows", "step", "count", "table", "other"));

/** The part of a row that is computed, in bytes (multiples of 64), and two numbers of its arithmetic. */
export const ROW_RANGE = record({ begin: "i32", end: "i32", first: "f32", second: "f32" });

/** 16 partial sums of a row's exponentials, and 16 copies of its largest number. */
export const ROW_SUMS = record({ parts: "f32[16]", largest: "f32[16]" });

/**
 * Splitting for AMX: `steps` steps of k (`stepBytes` apart) of `groups` groups of rows or columns (`groupBytes` apart).
 * A packed strip has `strip` bytes. Each word of `largest` becomes the maximum of itself and some of the numbers, as
 * bits without the sign, shifted left by one; the caller clears them.
 */
export const SPLIT_CALL = record({
  ...words("from", "ld", "to", "steps", "stepBytes", "groups", "groupBytes", "strip"),
  largest: "u32[16]",
});

/**
 * A block of C by AMX: `stripsA` packed strips (`stepA` bytes apart) times `stripsB` (`stepB` bytes apart), of `steps`
 * steps of k. The last strip of A has `rows` rows; with `partial`, the last strip of B has the columns in `mask`, one
 * bit each. `edge` is scratch memory for blocks at the edge of C; `add` and `addend` are as in {@linkcode TILES_CALL}.
 */
export const AMX_CALL = record({
  ...words("a", "stepA", "stripsA", "b", "stepB", "stripsB", "steps", "c", "ldc", "add"),
  addend: "i64",
  ...words("rows", "partial"),
  mask: "u32[2]",
  edge: "u64",
});
