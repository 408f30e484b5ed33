// Cuts products into parts of similar size, one task each.
import type { Product } from "./product.ts";

/**
 * Rows and columns of one part. There are several parts per thread, so that threads do not wait long for each other,
 * but each has several tiles and panels. A part's rows of A are packed, or read from memory, once for all its columns,
 * so rows are cut first.
 *
 * @param least floating-point operations of a part
 * @param unit what a part's rows are a multiple of
 */
export function partOf(
  { batch, M, N, K }: Pick<Product, "batch" | "M" | "N" | "K">,
  shape: { readonly rows: number; readonly columns: number },
  threads: number,
  least: number,
  unit = 1,
): { readonly rows: number; readonly columns: number } {
  let [rows, columns] = [M, N];
  let parts = batch;
  const enough = (most: number) => parts >= most || 2 * batch * M * N * K < 2 * parts * least;
  while (!enough(4 * threads)) {
    if (rows >= 8 * shape.rows) rows /= 2;
    else if (columns >= 8 * shape.columns) columns /= 2;
    else break;
    parts *= 2;
  }
  for (; !enough(threads); parts *= 2) {
    if (rows >= columns) rows /= 2;
    else columns /= 2;
  }
  return {
    rows: Math.ceil(rows / unit) * unit,
    columns: Math.ceil(columns / shape.columns) * shape.columns,
  };
}

/**
 * Into how many equal parts to cut each matrix of a batch, so that each thread has several, and all have as many as the
 * others, or so many that one more does not matter.
 *
 * @param most parts of a matrix
 * @returns undefined if there are too few parts for the threads
 */
export function partsOfEach(batch: number, most: number, threads: number): number | undefined {
  for (let parts = most; batch * parts >= 2 * threads; parts--) {
    if (batch * parts >= 8 * threads || batch * parts % threads === 0) return parts;
  }
  return undefined;
}

/** `total` items in `count` runs of about equal length. */
export function evenRuns(total: number, count: number): (readonly [begin: number, length: number])[] {
  const begin = (i: number) => Math.floor(i * total / count);
  return Array.from({ length: count }, (_, i) => [begin(i), begin(i + 1) - begin(i)]);
}
