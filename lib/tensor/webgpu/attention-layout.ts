// How attention is cut into tiles: their sizes, and the workgroup memory that they take.

/** Rows and columns of a tile of scores, multiples of 4. */
export interface AttentionTiling {
  readonly rows: number;
  readonly columns: number;
}

/** From the fastest to the one that fits every device. */
const TILINGS: readonly AttentionTiling[] = [
  { rows: 32, columns: 32 },
  { rows: 32, columns: 16 },
  { rows: 16, columns: 16 },
  { rows: 8, columns: 8 },
];

/** A tiling with the sizes that follow from it and from the head size. */
export interface AttentionLayout extends AttentionTiling {
  /** Invocations along the columns and along the rows of a tile: each computes 4×4 scores. */
  readonly across: number;
  readonly down: number;
  readonly threads: number;
  /** Vectors of four numbers in each of its output rows that one invocation computes. */
  readonly parts: number;
  /** Vectors from one row of a tile to the next: one more than needed, to spread the rows over the memory banks. */
  readonly stride: number;
  /** Vectors from one column of weights to the next. */
  readonly weightStride: number;
}

/**
 * The largest layout that fits into workgroup memory; undefined if none does.
 *
 * @param D head size, a multiple of 4
 * @param rowTiles tiles of rows that the program holds beside one tile of columns
 * @param bytes workgroup memory
 */
export function attentionLayout(D: number, rowTiles: number, bytes: number): AttentionLayout | undefined {
  return TILINGS.map((tiling) => layoutOf(D, tiling)).find((layout) => storageOf(layout, rowTiles) <= bytes);
}

function layoutOf(D: number, { rows, columns }: AttentionTiling): AttentionLayout {
  const [across, down] = [columns / 4, rows / 4];
  const parts = Math.ceil(D / 4 / across);
  return {
    rows,
    columns,
    across,
    down,
    threads: across * down,
    parts,
    stride: parts * across + 1,
    weightStride: down + 1,
  };
}

/** Bytes of workgroup memory. */
function storageOf({ rows, columns, stride, weightStride, threads }: AttentionLayout, rowTiles: number): number {
  return 16 * ((rowTiles * rows + columns) * stride + columns * weightStride + threads) + 16;
}
