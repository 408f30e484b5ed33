// Quantiles against printed tables and against what defines them, and correlations against SciPy.
import assert from "node:assert/strict";
import {
  betaQuantile,
  incompleteBeta,
  pearson,
  proportionInterval,
  spearman,
  studentQuantile,
} from "../lib/statistics.ts";

const near = (actual: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual} is not ${wanted}`);

Deno.test("`incompleteBeta()` is a binomial tail for whole parameters", () => {
  // I_p(k, n − k + 1) = P(at least k of n), DLMF 8.17.5.
  for (const [k, n, p] of [[1, 5, 0.3], [3, 5, 0.9], [40, 200, 0.25], [2, 200, 0.01], [100, 2000, 0.05]] as const) {
    let term = Math.exp(n * Math.log1p(-p)), below = 0;
    for (let i = 0; i < k; i++) {
      below += term;
      term *= (n - i) / (i + 1) * p / (1 - p);
    }
    near(incompleteBeta(p, k, n - k + 1), 1 - below, 1e-11);
  }
  assert.deepEqual([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)], [0, 1]);
  near(incompleteBeta(0.5, 0.5, 0.5), 0.5, 1e-12);
});

Deno.test("`betaQuantile()` inverts `incompleteBeta()`", () => {
  for (const [a, b] of [[0.5, 0.5], [3.7, 12.2], [1, 20], [700.5, 3]] as const) {
    for (const probability of [0.001, 0.025, 0.5, 0.975]) {
      near(incompleteBeta(betaQuantile(probability, a, b), a, b), probability, 1e-9);
    }
  }
});

Deno.test("`proportionInterval()` takes fractions, as an effective sample size gives them", () => {
  const whole = proportionInterval(3, 10), more = proportionInterval(3.03, 10.1);
  assert.ok(more.low > whole.low && more.high < whole.high);
  assert.deepEqual(proportionInterval(0, 4.5).low, 0);
  assert.deepEqual(proportionInterval(4.5, 4.5).high, 1);
  for (const [successes, trials] of [[1, 0], [NaN, 3], [5, 4]] as const) {
    assert.throws(() => proportionInterval(successes, trials), RangeError);
  }
});

Deno.test("`studentQuantile()` agrees with the printed tables", () => {
  for (
    const [degrees, t] of [[1, 12.7062], [2, 4.3027], [3, 3.1824], [4, 2.7764], [9, 2.2622], [30, 2.0423]] as const
  ) {
    assert.ok(Math.abs(studentQuantile(degrees) - t) < 5e-5, `${degrees}: ${studentQuantile(degrees)}`);
  }
  assert.ok(Math.abs(studentQuantile(10_000) - 1.9602) < 1e-3);
  assert.throws(() => studentQuantile(0), RangeError);
});

Deno.test("`incompleteBeta()` is the integral of the density of Student's t", () => {
  for (const degrees of [1, 2, 3, 5, 8]) {
    const density = (t: number) => (1 + t * t / degrees) ** (-(degrees + 1) / 2);
    const integrate = (to: number, n = 40_000) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += density((i + 0.5) * to / n) * to / n;
      return sum;
    };
    const ratio = integrate(0.5) / integrate(2);
    const within = (t: number) => incompleteBeta(t * t / (degrees + t * t), 0.5, degrees / 2);
    assert.ok(Math.abs(within(0.5) / within(2) - ratio) < 1e-6);
  }
});

/** `scipy.stats.pearsonr` and `spearmanr` of the numbers below. */
const SCIPY = { pearson: 0.8081136567616973, spearman: 0.4852941176470589 };

Deno.test("Pearson's and Spearman's correlations are those of SciPy", () => {
  const x = [1, 2, 2, 4, 7, 3], y = [2, 1, 4, 4, 9, 0];
  assert.ok(Math.abs(pearson(x, y) - SCIPY.pearson) < 1e-12, String(pearson(x, y)));
  assert.ok(Math.abs(spearman(x, y) - SCIPY.spearman) < 1e-12, String(spearman(x, y)));
  assert.ok(Number.isNaN(pearson([1, 1], [1, 2])));
});
