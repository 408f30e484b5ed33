// pass@k: how likely it is that at least one of k answers to a problem passes.
import { meanShareInterval } from "../report/mod.ts";
import type { Estimate } from "../run/mod.ts";
import { proportionInterval } from "../statistics.ts";

/** Answers to one problem. */
export interface Attempts {
  /** Answers. */
  readonly n: number;
  /** Those that passed. */
  readonly c: number;
}

/**
 * The unbiased estimate of pass@k from n ≥ k answers of which c passed: 1 − C(n − c, k) / C(n, k), the share of the
 * choices of k answers that have one that passed (Chen et al. 2021, arXiv 2107.03374, equation 1). As a product, which
 * no number of answers makes overflow.
 *
 * @throws RangeError unless 0 ≤ c ≤ n and 1 ≤ k ≤ n, all whole
 *
 * @example
 * ```ts
 * import { passAtK } from "@stitchbook/stitchbook/code";
 * import assert from "node:assert/strict";
 *
 * assert.equal(passAtK({ n: 4, c: 1 }, 1), 0.25);
 * assert.equal(passAtK({ n: 4, c: 1 }, 2), 0.5); // 3 of the 6 pairs have it
 * ```
 */
export function passAtK({ n, c }: Attempts, k: number): number {
  if (![n, c, k].every(Number.isInteger) || c < 0 || c > n || k < 1 || k > n) {
    throw new RangeError(`No pass@${k} of ${c} among ${n} answers`);
  }
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i++) allFail *= Math.max(0, 1 - k / i);
  return 1 - allFail;
}

/**
 * The mean of pass@k over problems, with its 95 % interval for problems like these, not for further answers to the same
 * ones. The interval is Korn and Graubard's for shares in clusters: problems are the clusters, and a problem counts for
 * at most ⌊n / k⌋ independent choices of k answers.
 *
 * @param attempts of at least one problem
 * @throws RangeError as {@linkcode passAtK} does
 */
export function meanPassAtK(attempts: readonly Attempts[], k: number): Estimate {
  const values = attempts.map((one) => passAtK(one, k));
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  const choices = attempts.map(({ n }) => Math.floor(n / k));
  const interval = values.length > 1
    ? meanShareInterval(values, choices)
    : proportionInterval(value * choices[0]!, choices[0]!);
  return { value, ...interval, samples: values.length };
}
