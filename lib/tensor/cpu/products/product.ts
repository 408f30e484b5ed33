// A batch of matrix products, as the kernels take it.

/**
 * C `[batch, M, N]` = A·B; A is `[batch, M, K]` (`[batch, K, M]` if transposed), B `[batch, K, N]` (`[batch, N, K]`).
 */
export interface Product {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Addresses. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether every matrix of the batch is multiplied by the same A, or B. */
  readonly oneA?: boolean;
  readonly oneB?: boolean;
  /** Whether C is added to, not written. */
  readonly add?: boolean;
  /** What C is added to, if not C itself; for machine code only. */
  readonly addend?: number;
}

/** Whether two products multiply by the same B. */
export function sameB(one: Product, other: Product): boolean {
  return one.b === other.b && one.N === other.N && one.K === other.K && one.transposeB === other.transposeB &&
    one.batch === other.batch && one.oneB === other.oneB;
}

/** Addresses of one batch element's matrices, and their row strides in bytes. */
export function matricesOf({ M, N, K, a, b, c, transposeA, transposeB, oneA, oneB }: Product, index: number) {
  return {
    a: a + (oneA ? 0 : 4 * index * M * K),
    lda: 4 * (transposeA ? M : K),
    b: b + (oneB ? 0 : 4 * index * K * N),
    ldb: 4 * (transposeB ? K : N),
    c: c + 4 * index * M * N,
    ldc: 4 * N,
  };
}

/** A block of C of one batch element, from row `m` and column `n` on, as the kernels' record of it; B is left out. */
export function blockOf(product: Product, index: number, m: number, n: number, rows: number, columns: number) {
  const { M, N, K, transposeA, add, addend = product.c } = product;
  const { a, lda, c, ldc } = matricesOf(product, index);
  const to = c + 4 * (m * N + n);
  return {
    M: Math.min(rows, M - m),
    N: Math.min(columns, N - n),
    K,
    alpha: 1,
    a: a + m * (transposeA ? 4 : lda),
    lda,
    transposeA: Number(transposeA),
    c: to,
    ldc,
    addend: add ? to - product.c + addend : 0,
  };
}
