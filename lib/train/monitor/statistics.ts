// Statistics of AdamW's update that indicate instability (arXiv 2304.09871), from a sample of a group's coordinates.
import type { ParameterGroup } from "./groups.ts";
import type { GroupValues } from "./sample.ts";

/** The histogram spans update ratios in [-HISTOGRAM_RANGE, HISTOGRAM_RANGE]; its end bins include all values outside. */
export const HISTOGRAM_RANGE = 1.5;
/** Number of bins of the histogram. */
export const HISTOGRAM_BINS = 30;
/** |u| above this counts as near ±1. */
const EDGE = 0.8;

/** The statistics of one group at one step. u denotes the update ratio m̂ / (√v̂ + ε). */
export interface GroupStatistics {
  readonly group: ParameterGroup;
  /** RMS of u: the size of the update before the learning rate. */
  readonly updateRms: number;
  /** RMS of the update, including the learning rate, over the RMS of the weights; 0 if both are 0. */
  readonly updateToWeight: number;
  /** Fraction of coordinates with |u| > 0.8. */
  readonly edge: number;
  /** Sarle's bimodality coefficient of u: 1/3 for a normal, 5/9 for a uniform distribution, near 1 for two peaks. */
  readonly bimodality: number;
  /** Cosine of u and the gradient. Near 0, the update does not descend. */
  readonly alignment: number;
  /** Cosine of the gradient and that of the previous step; null if that was not read. */
  readonly autocorrelation: number | null;
  /** Fraction of coordinates with √v̂ < ε. */
  readonly belowEpsilon: number;
  /** Counts of u in {@linkcode HISTOGRAM_BINS} bins. */
  readonly histogram: readonly number[];
}

/** AdamW's constants for the next update. */
export interface UpdateConstants {
  /** t of the bias corrections, from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** The factor of clipping by the global norm. */
  readonly gradientScale: number;
}

/** The next update at the sampled coordinates. */
interface NextUpdate {
  /** u = m̂ / (√v̂ + ε), `[count]` */
  readonly ratios: Float64Array;
  /** Fraction of coordinates with √v̂ < ε. */
  readonly belowEpsilon: number;
}

/** AdamW's update ratio of the next update, from the moments before it. */
export function nextUpdate({ gradient, m, v }: GroupValues, constants: UpdateConstants): NextUpdate {
  const { step, beta1, beta2, epsilon, gradientScale } = constants;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  let below = 0;
  const ratios = Float64Array.from(gradient, (g, i) => {
    const d = g * gradientScale;
    const mHat = (beta1 * m[i]! + (1 - beta1) * d) / correction1;
    const root = Math.sqrt((beta2 * v[i]! + (1 - beta2) * d * d) / correction2);
    if (root < epsilon) below++;
    return mHat / (root + epsilon);
  });
  return { ratios, belowEpsilon: ratios.length === 0 ? 0 : below / ratios.length };
}

/**
 * The statistics of a group's next update.
 *
 * @param values gradients of this step, and parameters and moments before its update
 * @param previous the previous step's gradients at the same coordinates; undefined if they were not read
 */
export function groupStatistics(
  values: GroupValues,
  previous: Float32Array | undefined,
  constants: UpdateConstants,
): GroupStatistics {
  const { group, parameter, gradient } = values;
  const { ratios, belowEpsilon } = nextUpdate(values, constants);
  const updateRms = rms(ratios);
  const update = constants.learningRate * updateRms;
  return {
    group,
    updateRms,
    updateToWeight: update === 0 ? 0 : update / rms(parameter),
    edge: fraction(ratios, (u) => Math.abs(u) > EDGE),
    bimodality: bimodality(ratios),
    alignment: cosine(ratios, gradient),
    autocorrelation: previous === undefined ? null : cosine(gradient, previous),
    belowEpsilon,
    histogram: histogram(ratios),
  };
}

/** Root mean square; 0 for no values. */
export function rms(values: ArrayLike<number>): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return Math.sqrt(sum / values.length);
}

function fraction(values: ArrayLike<number>, holds: (value: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (holds(values[i]!)) count++;
  return values.length === 0 ? 0 : count / values.length;
}

/** The cosine of the angle between two vectors; 0 if either is 0. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! * a[i]!;
    squareB += b[i]! * b[i]!;
  }
  return product === 0 ? 0 : product / Math.sqrt(squareA) / Math.sqrt(squareB);
}

/**
 * Sarle's bimodality coefficient with the sample corrections of skewness g and excess kurtosis k (Ellison 1987):
 * (g² + 1) / (k + 3 (n − 1)² / ((n − 2)(n − 3))). At most 1; 0 for fewer than four values, or if all are equal.
 */
export function bimodality(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 4) return 0;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let [m2, m3, m4] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const d = values[i]! - mean;
    m2 += d * d / n;
    m3 += d ** 3 / n;
    m4 += d ** 4 / n;
  }
  if (m2 === 0) return 0;
  const skewness = Math.sqrt(n * (n - 1)) / (n - 2) * m3 / m2 ** 1.5;
  const excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m4 / m2 ** 2 - 3) + 6);
  return (skewness ** 2 + 1) / (excess + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)));
}

/** Counts in equal bins over ±{@linkcode HISTOGRAM_RANGE}; NaN is not counted. */
export function histogram(values: ArrayLike<number>): number[] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const bin = Math.floor((value + HISTOGRAM_RANGE) / (2 * HISTOGRAM_RANGE) * HISTOGRAM_BINS);
    counts[Math.min(HISTOGRAM_BINS - 1, Math.max(0, bin))]!++;
  }
  return counts;
}
