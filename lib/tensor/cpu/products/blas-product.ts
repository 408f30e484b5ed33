// Matrix products by the system's BLAS: each is cut into parts, one task each, by its shape alone, so that the bytes do
// not depend on the number of threads.
import { PRODUCT } from "../layout/jobs.ts";
import { createTable } from "../layout/record.ts";
import type { Machine } from "../machine/machine.ts";
import { blockOf, matricesOf, type Product } from "./product.ts";

/** Floating-point operations of one part: about 130 µs, far above the cost of handing it out. */
const PART = 16e6;
const MOST_PARTS = 64;
const SIDE = 256;
/** Rough speed of one thread, floating-point operations per nanosecond. */
const FLOPS = 110;

/** Runs products that do not depend on each other as one job. */
export function multiplyByBlas(machine: Machine, products: readonly Product[]): void {
  const tasks = createTable(PRODUCT);
  let cost = 0;
  for (const product of products) {
    const { batch, M, N, K, transposeB } = product;
    const cuts = cut(product);
    cost += 2 * batch * M * N * K / FLOPS;
    for (let matrix = 0; matrix < batch; matrix++) {
      const { b, ldb } = matricesOf(product, matrix);
      for (const [m, rows] of cuts.rows) {
        for (const [n, columns] of cuts.columns) {
          const from = { b: b + n * (transposeB ? ldb : 4), ldb, transposeB: Number(transposeB) };
          tasks.add({ ...blockOf(product, matrix, m, n, rows, columns), ...from, panels: 0, panelStep: 0, next: 0 });
        }
      }
    }
  }
  machine.run("blas", { table: machine.stage(tasks.words) }, tasks.length, cost);
}

/**
 * Runs of C's rows and columns, `[begin, length]` each: a power of two parts in all, as square as possible. Beyond
 * four, parts stay larger than {@linkcode SIDE} each way, because the library packs A and B anew for each.
 */
function cut({ M, N, K }: Product): { readonly rows: [number, number][]; readonly columns: [number, number][] } {
  let rows = 1;
  let columns = 1;
  for (let parts = 1; parts < MOST_PARTS && 2 * M * N * K >= 2 * parts * PART; parts *= 2) {
    const tall = M / rows >= N / columns;
    const side = tall ? M / rows : N / columns;
    if (side < 2 * (parts < 4 ? SIDE / 4 : SIDE)) break;
    if (tall) rows *= 2;
    else columns *= 2;
  }
  return { rows: runs(M, rows, 8), columns: runs(N, columns, 16) };
}

/** Runs of about equal length, each but the last a multiple of `unit`, which the library's kernels are made for. */
function runs(n: number, count: number, unit: number): [number, number][] {
  const length = Math.ceil(n / count / unit) * unit;
  const list: [number, number][] = [];
  for (let begin = 0; begin < n; begin += length) list.push([begin, Math.min(length, n - begin)]);
  return list;
}
