// A router in closed form: ridge regression of each token's domain on its state (arXiv 2603.29765).
import { solveSymmetric } from "./cholesky.ts";

/** Sums over the tokens of one domain, from which the domain's share in every router follows. */
export interface StateSums {
  /** d */
  readonly width: number;
  /**
   * `Σ [x;1] [x;1]ᵀ`, row-major `[d + 1, d + 1]`, of which the lower triangle is filled. Its last row is `Σ [x;1]`: the
   * domain's column of B.
   */
  readonly products: Float64Array;
}

/** Sums over no tokens. */
export function emptySums(width: number): StateSums {
  return { width, products: new Float64Array((width + 1) ** 2) };
}

/**
 * Adds tokens to the sums, in double precision.
 *
 * @param states float32 `[tokens, d]`, row-major
 */
export function addStates({ width, products }: StateSums, states: Float32Array): void {
  const n = width + 1;
  const x = new Float64Array(n).fill(1, width);
  for (let at = 0; at < states.length; at += width) {
    for (let i = 0; i < width; i++) x[i] = states[at + i]!;
    for (let i = 0; i < n; i++) {
      const value = x[i]!;
      for (let j = 0; j <= i; j++) products[i * n + j]! += value * x[j]!;
    }
  }
}

/** The regression over several domains: `A`, lower triangle, and the columns of `B`, one for each domain. */
export interface Regression {
  readonly width: number;
  readonly products: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** A regression without a domain. */
export function emptyRegression(width: number): Regression {
  return { width, products: new Float64Array((width + 1) ** 2), columns: [] };
}

/** Adds a domain: its products to A, and a column to B. The other columns do not change. */
export function withDomain({ width, products, columns }: Regression, domain: StateSums): Regression {
  return {
    width,
    products: products.map((sum, i) => sum + domain.products[i]!),
    columns: [...columns, domain.products.slice(width * (width + 1))],
  };
}

/** How a router is computed from a regression. */
export interface RidgeOptions {
  /** λ: added to the diagonal of A. */
  readonly lambda: number;
  /** Divides the router's logits. */
  readonly temperature: number;
}

/** A linear router: the logits of a state x are `weight · x + bias`. */
export interface Router {
  /** `[domains, d]` */
  readonly weight: Float32Array;
  /** `[domains]` */
  readonly bias: Float32Array;
}

/**
 * `W = (A + λI)⁻¹ B` with columns of length 1, divided by the temperature.
 *
 * @throws RangeError if `A + λI` is not positive definite, as with states that are not finite
 */
export function ridgeRouter({ width, products, columns }: Regression, { lambda, temperature }: RidgeOptions): Router {
  const n = width + 1;
  const m = columns.length;
  const a = products.slice();
  for (let i = 0; i < n; i++) a[i * n + i]! += lambda;
  const b = new Float64Array(n * m);
  columns.forEach((column, j) => column.forEach((value, i) => b[i * m + j] = value));
  const w = solveSymmetric(a, b, n);
  const weight = new Float32Array(m * width);
  const bias = new Float32Array(m);
  for (let j = 0; j < m; j++) {
    const column = Float64Array.from({ length: n }, (_, i) => w[i * m + j]!);
    const scale = 1 / (Math.hypot(...column) * temperature);
    for (let i = 0; i < width; i++) weight[j * width + i] = column[i]! * scale;
    bias[j] = column[width]! * scale;
  }
  return { weight, bias };
}

/** How many of the states, `[tokens, d]`, a router sends to each domain; to the first among equals. */
export function routedCounts({ weight, bias }: Router, states: Float32Array): number[] {
  const width = weight.length / bias.length;
  const counts = Array.from(bias, () => 0);
  for (let at = 0; at < states.length; at += width) {
    let [best, highest] = [0, -Infinity];
    for (let j = 0; j < bias.length; j++) {
      let logit = bias[j]!;
      for (let i = 0; i < width; i++) logit += weight[j * width + i]! * states[at + i]!;
      if (logit > highest) [best, highest] = [j, logit];
    }
    counts[best]!++;
  }
  return counts;
}
