// The median of some measurements, and how sure it is.
import { random } from "../../lib/random.ts";

/** A median with its 95 % interval. */
export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 5_000;

/** The median, with the percentile bootstrap's 95 % interval (Efron and Tibshirani 1993, section 13.3). */
export function medianInterval(values: readonly number[]): MedianInterval {
  const { pick } = random(1, "medians");
  const medians = Array.from({ length: RESAMPLES }, () => medianOf(values.map(() => pick(values)))).sort((a, b) =>
    a - b
  );
  const at = (share: number) => medians[Math.round(share * (RESAMPLES - 1))]!;
  return { median: medianOf(values), low: at(0.025), high: at(0.975) };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
