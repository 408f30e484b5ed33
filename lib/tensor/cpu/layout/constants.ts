// Numbers shared by the sides of the CPU engine: TypeScript, WebAssembly and machine code. Every exported number is
// also a constant of the WebAssembly source (wasm/source/generated/layout.ts); names ending in `_BYTES` are sizes in
// bytes.
import { PACKED_LANES } from "../../packed-format.ts";

export { PACKED_BLOCK, PACKED_LANES } from "../../packed-format.ts";

/** Steps of k that float32 products sum before they add to C: the same on every path, so that the bits are the same. */
export const K_RUN = 384;

// --- Products in WebAssembly ---------------------------------------------------------------------

/** Rows and columns of a tile of C, whose sums stay in registers. */
export const TILE_ROWS = 6;
export const TILE_COLUMNS = 8;
/** Columns of a packed panel of B: two tiles. */
export const PANEL_COLUMNS = 2 * TILE_COLUMNS;
/** Bytes of packed A for one k: six elements and padding for two, so that whole vectors can be loaded. */
export const A_STEP_BYTES = 32;
/** Bytes of a packed panel of B for one k. */
export const B_STEP_BYTES = 4 * PANEL_COLUMNS;
/** One whole tile, for tiles at the edge of C: always the first part of a thread's scratch memory. */
export const EDGE_TILE_BYTES = 4 * TILE_ROWS * TILE_COLUMNS;

// --- Products in machine code --------------------------------------------------------------------

/** Tiles per block of A's rows; if A is stored transposed, a block is packed at a time. */
export const BLOCK_TILES = 8;
/** Bytes of packed B that are reused for all of A: half of a usual second-level cache. */
export const KEPT_BYTES = 1 << 19;
/** Most steps of k that a task packs of B at a time: a multiple of K_RUN. */
export const PACKED_STEPS = 2 * K_RUN;
/** Bytes that packing may write past the end of a tile: one vector. */
export const VECTOR_BYTES = 64;

// --- Packed weights ------------------------------------------------------------------------------

/** Panels that are unpacked at a time for many rows, of K_RUN steps each: half a megabyte, for the second-level cache. */
export const UNPACKED_PANELS = 10;
/** Bytes of one k of an unpacked panel. */
export const PACKED_ROW_BYTES = 4 * PACKED_LANES;

// --- Attention -----------------------------------------------------------------------------------

/** Queries per strip of scores: few enough that little of it is masked, enough for products that are worth a call. */
export const ATTENTION_STRIP = 48;
/**
 * Queries of a strip that machine code multiplies at a time, because they see about the same keys: whole tiles of 6 and
 * of 12 rows.
 */
export const ATTENTION_ROWS = 24;

// --- Products by AMX (x86/split.ts describes the packed form) ------------------------------------

/** Rows of A, or columns of B, per strip. */
export const AMX_STRIP = 32;
/** Rows or columns in each of a strip's two groups: as many as an AMX tile has. */
export const AMX_GROUP = 16;
/** k per packed step. */
export const AMX_STEP = 32;
/** Most k per run, so that a split block of A stays in the second-level cache. */
export const AMX_RUN = 512;
/** Most strips of A per block. */
export const AMX_BLOCK = 8;
/** From one group of a strip to the other, within a part. */
export const AMX_GROUP_BYTES = 1024;
/** From one bfloat16 part to the next. */
export const AMX_PART_BYTES = 2 * AMX_GROUP_BYTES;
/** From one step of k to the next: three parts. */
export const AMX_STEP_BYTES = 3 * AMX_PART_BYTES;
/** Scratch memory for a block at the edge of C, or of an operand to be split. */
export const AMX_EDGE_BYTES = 4 * AMX_STRIP * AMX_STRIP;

/** Constants of exp in WebAssembly and machine code; `c6` to `c1` are the coefficients of its polynomial. */
export const EXPONENTIAL = {
  /** Below this, exp is 0. */
  least: -104,
  /** Above this, exp is infinite. */
  most: 89,
  /** 1.5·2²³ */
  shifter: 12582912,
  /** 1 / ln 2 */
  inverse: 1.44269504088896341,
  /** The first bits of ln 2, and the rest. */
  high: 0.693359375,
  low: -2.12194440e-4,
  c6: 1.9875691500e-4,
  c5: 1.3981999507e-3,
  c4: 8.3334519073e-3,
  c3: 4.1665795894e-2,
  c2: 1.6666665459e-1,
  c1: 5.0000001201e-1,
  one: 1,
  /** Below this, exp is subnormal. */
  smallest: -87,
} as const;
