// Solving a symmetric positive definite system in double precision.

/**
 * Solves `A X = B` by Cholesky factorization.
 *
 * @param a symmetric positive definite, row-major `[n, n]`; only its lower triangle is read
 * @param b row-major `[n, m]`
 * @returns X, row-major `[n, m]`
 * @throws RangeError if A is not positive definite
 */
export function solveSymmetric(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const m = b.length / n;
  const l = factor(a, n);
  const x = b.slice();
  // L Y = B, then Lᵀ X = Y.
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtractRow(x, m, i, k, l[i * n + k]!);
    for (let j = 0; j < m; j++) x[i * m + j]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtractRow(x, m, i, k, l[k * n + i]!);
    for (let j = 0; j < m; j++) x[i * m + j]! /= l[i * n + i]!;
  }
  return x;
}

/** The lower triangular L with `A = L Lᵀ`. */
function factor(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (j < i) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else throw new RangeError(`The matrix is not positive definite: pivot ${i + 1} of ${n} is ${sum}`);
    }
  }
  return l;
}

/** Row `i` of x minus `factor` times its row `k`. */
function subtractRow(x: Float64Array, m: number, i: number, k: number, factor: number): void {
  for (let j = 0; j < m; j++) x[i * m + j]! -= factor * x[k * m + j]!;
}
