// Matrix products through the system's BLAS: each is cut into parts, a task each, by its shape alone, so that the bytes
// do not depend on the number of threads.
import type { Machine } from "../machine/machine.ts";
import type { Product } from "./product.ts";

/** Floating-point operations of one part: some 130 µs, far above what handing it out costs. */
const PART = 16e6;
const MOST_PARTS = 64;
const SIDE = 256;
/** Rough speed of one thread, floating-point operations in a nanosecond. */
const FLOPS = 110;
/** Words of one task in the table; assembly/blas.ts says what they are. */
const WORDS = 12;

/** Runs products that do not depend on each other as one job. */
export function multiplyByBlas(machine: Machine, products: readonly Product[]): void {
  const cuts = products.map(cut);
  const tasks = products.reduce((sum, { batch }, i) => sum + batch * cuts[i]!.rows.length * cuts[i]!.columns.length, 0);
  const ints = new Int32Array(tasks * WORDS);
  const floats = new Float32Array(ints.buffer);
  let at = 0;
  let cost = 0;
  products.forEach(({ batch, M, N, K, a, b, c, transposeA, transposeB, oneA, oneB, add }, i) => {
    const lda = transposeA ? M : K;
    const ldb = transposeB ? K : N;
    cost += 2 * batch * M * N * K / FLOPS;
    for (let matrix = 0; matrix < batch; matrix++) {
      const A = a + (oneA ? 0 : matrix * M * K * 4);
      const B = b + (oneB ? 0 : matrix * K * N * 4);
      const C = c + matrix * M * N * 4;
      for (const [m, rows] of cuts[i]!.rows) {
        for (const [n, columns] of cuts[i]!.columns) {
          ints[at] = Number(transposeA) + 2 * Number(transposeB);
          ints[at + 1] = rows;
          ints[at + 2] = columns;
          ints[at + 3] = K;
          floats[at + 4] = 1;
          ints[at + 5] = A + m * (transposeA ? 4 : 4 * K);
          ints[at + 6] = lda;
          ints[at + 7] = B + n * (transposeB ? 4 * K : 4);
          ints[at + 8] = ldb;
          floats[at + 9] = add ? 1 : 0;
          ints[at + 10] = C + 4 * (m * N + n);
          ints[at + 11] = N;
          at += WORDS;
        }
      }
    }
  });
  machine.ints[0] = machine.stage(ints);
  machine.run("blas", tasks, cost);
}

/**
 * Runs of C's rows and columns, `[begin, length]` each: a power of two parts in all, as square as can be. Past four,
 * parts stay larger than {@linkcode SIDE} each way: the library packs A and B anew for each.
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

/** About equal runs, each but the last a multiple of `unit`, which the library's kernels are made for. */
function runs(n: number, count: number, unit: number): [number, number][] {
  const length = Math.ceil(n / count / unit) * unit;
  const list: [number, number][] = [];
  for (let begin = 0; begin < n; begin += length) list.push([begin, Math.min(length, n - begin)]);
  return list;
}
