// 95 % intervals: Clopper and Pearson's for shares, the bootstrap-t over documents for bits per byte.
import { random } from "../../random.ts";
import { proportionInterval } from "../../statistics.ts";
import type { Estimate } from "../events/results.ts";

/**
 * A share with its exact 95 % interval (Clopper and Pearson 1934), which stays within 0 and 1 and does not collapse at
 * either. Wilson's is a little narrower but covers only 84 % where the share is near 0 or 1.
 *
 * @throws RangeError unless 0 ≤ `right` ≤ `samples` and `samples` ≥ 1
 *
 * @example
 * ```ts
 * import { shareInterval } from "@stitchbook/stitchbook/run";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = shareInterval(0, 40);
 * assert.equal(value, 0);
 * assert.ok(low === 0 && high > 0.08 && high < 0.09); // none of 40 does not mean never
 * ```
 */
export function shareInterval(right: number, samples: number): Estimate {
  return { value: right / samples, ...proportionInterval(right, samples), samples };
}

/**
 * `a − b`, the difference of the shares of the same questions that two models answer correctly, with its 95 % interval:
 * Wald's after half a question is added to each of the four pairs of outcomes (Agresti and Min 2005), which covers well
 * even if few questions are answered differently.
 *
 * @throws RangeError when the questions are not the same number, or none
 *
 * @example
 * ```ts
 * import { pairedShareDifference } from "@stitchbook/stitchbook/run";
 * import assert from "node:assert/strict";
 *
 * const { value, low, high } = pairedShareDifference([true, true, false, true], [true, false, false, true]);
 * assert.equal(value, 0.25);
 * assert.ok(low < 0 && high > 0.25);
 * ```
 */
export function pairedShareDifference(a: readonly boolean[], b: readonly boolean[]): Estimate {
  const samples = a.length;
  if (samples === 0 || b.length !== samples) throw new RangeError("Cannot pair answers to different questions");
  const onlyA = a.filter((right, i) => right && !b[i]).length;
  const onlyB = b.filter((right, i) => right && !a[i]).length;
  const count = samples + 2;
  const middle = (onlyA - onlyB) / count;
  const margin = Z95 * Math.sqrt(((onlyA + onlyB + 1) / count - middle ** 2) / count);
  return { value: (onlyA - onlyB) / samples, low: middle - margin, high: middle + margin, samples };
}

/** The 0.975 quantile of the normal distribution. */
const Z95 = 1.959964;

/** What each document of a domain cost a model: the data that bits per byte are computed from. */
export interface DocumentLosses {
  /** Negative log-likelihood of each document's scored text, in nats. */
  readonly nll: Float64Array;
  /** UTF-8 bytes of that text. */
  readonly bytes: Float64Array;
}

/** An average over documents, with its 95 % interval unless there are too few documents for one. */
export interface DocumentsEstimate {
  readonly value: number;
  /** Null below {@linkcode FEWEST_DOCUMENTS}, as is `high`. */
  readonly low: number | null;
  readonly high: number | null;
  /** Documents. */
  readonly samples: number;
}

/** How the bootstrap draws. */
export interface BootstrapOptions {
  /** @default 0 */
  readonly seed?: number;
  /** @default 2000 */
  readonly resamples?: number;
}

/**
 * The smallest effective number of documents with which an interval is given. With fewer, no method covers 93 % when
 * the losses are skewed: the long tail is too often missing from the sample altogether.
 */
export const FEWEST_DOCUMENTS = 8;

/**
 * How many documents of equal length weigh as much as these: (Σ bytes)² / Σ bytes² (Kish 1965). Never more than there
 * are; 1 when one document is far longer than all others.
 */
export function effectiveDocuments(bytes: Float64Array): number {
  return sumOf(bytes) ** 2 / sumOf(bytes.map((size) => size * size));
}

/** Whether there are enough documents for an interval. */
export const enoughDocuments = (bytes: Float64Array): boolean => effectiveDocuments(bytes) > FEWEST_DOCUMENTS - 1e-9;

/** Σ nll / (ln 2 · Σ bytes). */
function ratio({ nll, bytes }: DocumentLosses): number {
  return sumOf(nll) / (Math.LN2 * sumOf(bytes));
}

/**
 * Bits per byte, averaged over domains with equal weight, with a 95 % interval of the bootstrap-t over documents.
 *
 * @param domains at least one, each with at least one document
 */
export function bootstrapBitsPerByte(
  domains: readonly DocumentLosses[],
  options: BootstrapOptions = {},
): DocumentsEstimate {
  return bootstrap(domains, options);
}

/**
 * `a − b` in bits per byte, averaged over domains with equal weight, of two models on the same documents. Both are
 * drawn together, so what makes a document hard for either cancels out: the interval is far narrower than the
 * difference of two separate ones.
 *
 * @throws RangeError when the documents are not the same
 */
export function pairedDifference(
  a: readonly DocumentLosses[],
  b: readonly DocumentLosses[],
  options: BootstrapOptions = {},
): DocumentsEstimate {
  const same = a.length === b.length && a.every(({ bytes }, i) => bytes.join() === b[i]!.bytes.join());
  if (!same) throw new RangeError("Cannot pair two models that were scored on different documents");
  return bootstrap(a.map(({ nll, bytes }, i) => ({ nll: nll.map((x, j) => x - b[i]!.nll[j]!), bytes })), options);
}

/**
 * The mean over domains of `ratio`, with its interval.
 *
 * Whole documents are drawn with replacement within each domain. Each draw gives t = (its estimate − the estimate) /
 * its own standard error, and the interval inverts the quantiles of t (Efron and Tibshirani 1993, section 12.5): it
 * knows both that the error is estimated from few documents and that losses are skewed, which percentiles of the
 * estimate do not. The standard error is the linearized one of a ratio of two sums (Cochran 1977, section 6.4).
 *
 * The quantiles lie further out than 0.025 by an amount that vanishes as documents increase. It was chosen by
 * simulation (tests/run/paired/intervals_test.ts), so that at least 93 % is covered with strongly skewed losses (lognormal
 * with σ = 1), too; with symmetric ones it is 96 to 98 %.
 */
function bootstrap(
  domains: readonly DocumentLosses[],
  { seed = 0, resamples = 2000 }: BootstrapOptions,
): DocumentsEstimate {
  if (domains.length === 0 || domains.some(({ bytes }) => bytes.length === 0)) {
    throw new RangeError("No bits per byte without documents");
  }
  const value = domains.reduce((sum, domain) => sum + ratio(domain), 0) / domains.length;
  const samples = domains.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (!domains.every(({ bytes }) => enoughDocuments(bytes))) return { value, low: null, high: null, samples };

  const shift = new Float64Array(resamples), variance = new Float64Array(resamples);
  let own = 0; // variance of the estimate itself
  for (const [d, domain] of domains.entries()) {
    const { int } = random(seed, "bootstrap", d);
    const left = residuals(domain);
    const count = domain.bytes.length;
    const drawn = Uint32Array.from({ length: count }, (_, i) => i);
    own += errorOf(left, drawn).variance;
    for (let r = 0; r < resamples; r++) {
      for (let i = 0; i < count; i++) drawn[i] = int(count);
      const error = errorOf(left, drawn);
      shift[r]! += error.shift;
      variance[r]! += error.variance;
    }
  }
  const t = shift.map((x, r) => x === 0 ? 0 : x / Math.sqrt(variance[r]!)).sort();
  const effective = Math.min(...domains.map(({ bytes }) => effectiveDocuments(bytes)));
  const tail = 0.025 - 0.06 / Math.sqrt(effective);
  const at = Math.max(0, Math.round(tail * (resamples + 1)) - 1);
  const error = Math.sqrt(own) / (Math.LN2 * domains.length);
  const [low, high] = [value - t[resamples - 1 - at]! * error, value - t[at]! * error];
  // Where nearly all documents are exactly alike, many draws have no variance, and the ends are nowhere.
  const found = Number.isFinite(low) && Number.isFinite(high);
  return { value, low: found ? low : null, high: found ? high : null, samples };
}

/** What a domain's documents cost beyond its average. */
interface Residuals {
  /** nll − average · bytes, in nats. */
  readonly nats: Float64Array;
  readonly bytes: Float64Array;
}

function residuals({ nll, bytes }: DocumentLosses): Residuals {
  const average = sumOf(nll) / sumOf(bytes);
  return { nats: nll.map((x, i) => x - average * bytes[i]!), bytes };
}

/** How far the nats per byte of the drawn documents are from the average, and the square of their standard error. */
function errorOf({ nats, bytes }: Residuals, drawn: Uint32Array): { shift: number; variance: number } {
  let n = 0, b = 0, nn = 0, nb = 0, bb = 0;
  for (const at of drawn) {
    const x = nats[at]!, size = bytes[at]!;
    n += x;
    b += size;
    nn += x * x;
    nb += x * size;
    bb += size * size;
  }
  const shift = n / b;
  const squares = Math.max(0, nn - 2 * shift * nb + shift * shift * bb);
  return { shift, variance: squares * drawn.length / ((drawn.length - 1) * b * b) };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
