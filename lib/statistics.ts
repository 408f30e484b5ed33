// Quantiles of the beta and Student's t distribution, the intervals of a proportion and of a mean, and correlations.

/** ln Γ(x) for x > 0, to about 15 digits (Lanczos 1964, with g = 7 and nine coefficients). */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  const series = LANCZOS.reduce((sum, coefficient, i) => sum + (i === 0 ? coefficient : coefficient / (z + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}

// deno-fmt-ignore
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/**
 * The regularized incomplete beta function I_x(a, b): the probability that a beta variable is at most `x`.
 *
 * By the continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions.
 *
 * @param x from 0 to 1
 * @param a positive
 * @param b positive
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below the mean; above it, by symmetry, that of the other tail does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b),
  ) / a;
  // Lentz's method, with the term of step m = 2k or 2k + 1.
  const tiny = 1e-300;
  let [c, d, fraction] = [1, 0, 1];
  for (let m = 0; m < 2000; m++) {
    const k = m >> 1;
    const term = m === 0
      ? 1
      : m % 2 === 0
      ? k * (b - k) * x / ((a + m - 1) * (a + m))
      : -(a + k) * (a + b + k) * x / ((a + m - 1) * (a + m));
    d = 1 + term * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = 1 + term / c;
    if (Math.abs(c) < tiny) c = tiny;
    fraction *= c * d;
    if (m > 0 && Math.abs(1 - c * d) < 1e-15) break;
  }
  return front * (fraction - 1);
}

/** The `x` with I_x(a, b) = `probability`, by bisection. */
export function betaQuantile(probability: number, a: number, b: number): number {
  return bisect((x) => incompleteBeta(x, a, b), probability, 0, 1);
}

/** Where a rising `f` reaches `wanted` between `low` and `high`, to the last bit. */
function bisect(f: (x: number) => number, wanted: number, low: number, high: number): number {
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (f(middle) < wanted) low = middle;
    else high = middle;
  }
}

/**
 * The t with |T| ≤ t with a probability of 95 %, for Student's t (Abramowitz and Stegun 26.7.1).
 *
 * @throws RangeError unless `degrees` is positive
 */
export function studentQuantile(degrees: number): number {
  if (!(degrees > 0)) throw new RangeError(`Degrees of freedom must be positive, not ${degrees}`);
  const x = betaQuantile(0.95, 0.5, degrees / 2);
  return Math.sqrt(degrees * x / (1 - x));
}

/**
 * The 95 % interval of a proportion by Clopper and Pearson (Biometrika 26, 1934): the only one of the usual ones that
 * covers at least 95 % for every proportion and every sample size.
 *
 * @param successes 0 to `trials`; need not be whole, for an effective sample size
 * @param trials positive
 * @throws RangeError for anything else
 */
export function proportionInterval(successes: number, trials: number): { readonly low: number; readonly high: number } {
  if (!(trials > 0 && successes >= 0 && successes <= trials)) {
    throw new RangeError(`Not a proportion: ${successes} of ${trials}`);
  }
  const failures = trials - successes;
  return {
    low: successes === 0 ? 0 : betaQuantile(0.025, successes, failures + 1),
    high: failures === 0 ? 1 : betaQuantile(0.975, successes + 1, failures),
  };
}

/** A mean with the half-width of its 95 % interval (NaN when there is only one sample). */
export interface MeanInterval {
  readonly mean: number;
  readonly halfWidth: number;
  readonly samples: number;
}

/** Mean of `values` with its 95 % Student interval. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, halfWidth: NaN, samples: n };
  return { mean, halfWidth: studentQuantile(n - 1) * Math.sqrt(varianceOf(values, mean) / n), samples: n };
}

export function varianceOf(values: readonly number[], mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Pearson's correlation coefficient; NaN where one of the two does not vary. */
export function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let xy = 0, xx = 0, yy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i]! - mx, dy = y[i]! - my;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? NaN : xy / Math.sqrt(xx * yy);
}

/** Spearman's rank correlation coefficient, where equal values share their mean rank. */
export function spearman(x: readonly number[], y: readonly number[]): number {
  return pearson(meanRanks(x), meanRanks(y));
}

/** Ranks from 1; equal values share the mean of theirs. */
function meanRanks(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2 + 1);
}
