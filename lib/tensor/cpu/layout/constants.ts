// Numbers that more than one side of the CPU engine uses: TypeScript, WebAssembly and machine code. Every exported number
// is also a constant of the WebAssembly source (wasm/source/generated/layout.ts); names in `_BYTES` are sizes in bytes.

/** Steps of k that float32 products add up before the sum goes to C: the sums have the same bits on every path. */
export const K_RUN = 384;

// --- Products in WebAssembly -------------------------------------------------------------------------------------------

/** Rows and columns of a tile of C that stays in registers. */
export const TILE_ROWS = 6;
export const TILE_COLUMNS = 8;
/** Columns of a packed panel of B: two tiles. */
export const PANEL_COLUMNS = 2 * TILE_COLUMNS;
/** Bytes of packed A for one k: six elements, and two unused so that vectors can be loaded. */
export const A_STEP_BYTES = 32;
/** Bytes of a packed panel of B for one k. */
export const B_STEP_BYTES = 4 * PANEL_COLUMNS;
/** A whole tile, for tiles at the edge of C. It is the first part of a thread's scratch memory. */
export const EDGE_TILE_BYTES = 4 * TILE_ROWS * TILE_COLUMNS;

// --- Products in machine code ------------------------------------------------------------------------------------------

/** Tiles of a block of A's rows: packed side by side where A is stored transposed. */
export const BLOCK_TILES = 8;
/** Bytes that packing may write beyond a tile: one vector. */
export const VECTOR_BYTES = 64;

// --- Attention ---------------------------------------------------------------------------------------------------------

/** Queries in one strip of scores: few enough that little of it is masked, enough for products worth a call. */
export const ATTENTION_STRIP = 48;

// --- Products by AMX (x86/split.ts describes the packed form) ----------------------------------------------------------

/** Rows of A, or columns of B, in a strip. */
export const AMX_STRIP = 32;
/** Rows or columns in each of a strip's two groups: what one AMX tile holds. */
export const AMX_GROUP = 16;
/** Steps of k packed together. */
export const AMX_STEP = 32;
/** Most k in one run: as much of a block of A, split, stays in the second-level cache. */
export const AMX_RUN = 512;
/** Most strips of A in a block. */
export const AMX_BLOCK = 8;
/** From one group of a strip to the next, in the same part. */
export const AMX_GROUP_BYTES = 1024;
/** From one part of the numbers to the next. */
export const AMX_PART_BYTES = 2 * AMX_GROUP_BYTES;
/** From one step of k to the next: three parts. */
export const AMX_STEP_BYTES = 3 * AMX_PART_BYTES;
/** Scratch memory for blocks at an edge of C, or of an operand to be split. */
export const AMX_EDGE_BYTES = 4 * AMX_STRIP * AMX_STRIP;

/** Constants of the exponential function in WebAssembly and machine code; `c6` to `c1` are its polynomial's coefficients. */
export const EXPONENTIAL = {
  /** Below it exp is 0. */
  least: -104,
  /** Above it exp is infinite. */
  most: 89,
  /** 1.5·2²³ */
  shifter: 12582912,
  /** 1 / ln 2 */
  inverse: 1.44269504088896341,
  /** ln 2: its first bits, and the rest. */
  high: 0.693359375,
  low: -2.12194440e-4,
  c6: 1.9875691500e-4,
  c5: 1.3981999507e-3,
  c4: 8.3334519073e-3,
  c3: 4.1665795894e-2,
  c2: 1.6666665459e-1,
  c1: 5.0000001201e-1,
  one: 1,
  /** Below it exp is no longer a normal number. */
  smallest: -87,
} as const;
