// What the Adam-instability theory watches (arXiv 2304.09871), from a sample of a group's coordinates: pure functions.
import type { ParameterGroup } from "./groups.ts";
import type { GroupValues } from "./sample.ts";

/** The histogram of the update ratio spans [-HISTOGRAM_RANGE, HISTOGRAM_RANGE]; what lies outside counts at its ends. */
export const HISTOGRAM_RANGE = 1.5;
/** Bins of the histogram. */
export const HISTOGRAM_BINS = 30;
/** |u| above this counts as near ±1. */
export const EDGE = 0.8;

/** The statistics of one group at one step. u is the update ratio m̂ / (√v̂ + ε). */
export interface GroupStatistics {
  readonly group: ParameterGroup;
  /** RMS of u: the update's size before the learning rate. */
  readonly updateRms: number;
  /** RMS of the update, with the learning rate, over the RMS of the weights; 0 where both are. */
  readonly updateToWeight: number;
  /** Fraction of coordinates with |u| > 0.8. */
  readonly edge: number;
  /** Sarle's bimodality coefficient of u: 1/3 for a bell, 5/9 for a uniform, towards 1 for two peaks. */
  readonly bimodality: number;
  /** Cosine of u and the gradient: of (−update, gradient). Near 0 the update does not descend. */
  readonly alignment: number;
  /** Cosine of the gradient with that of the step before; null when that was not read. */
  readonly autocorrelation: number | null;
  /** Fraction of coordinates with √v̂ < ε. */
  readonly belowEpsilon: number;
  /** Counts of u in {@linkcode HISTOGRAM_BINS} bins. */
  readonly histogram: readonly number[];
}

/** AdamW's constants of the update to come. */
export interface UpdateConstants {
  /** From 1: t of the bias corrections. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** What clipping by the global norm multiplies the gradients with. */
  readonly gradientScale: number;
}

/** What an update would do at the sampled coordinates, each `[count]`. */
interface ComingUpdate {
  /** u = m̂ / (√v̂ + ε) */
  readonly ratios: Float64Array;
  /** Fraction of coordinates with √v̂ < ε. */
  readonly belowEpsilon: number;
}

/** AdamW's moments and update ratio one step on, from the moments before it. */
export function comingUpdate({ gradient, m, v }: GroupValues, constants: UpdateConstants): ComingUpdate {
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
 * The statistics of a group's update that is about to be made.
 *
 * @param values gradients of this step, parameters and moments before it
 * @param previous the gradients of the step before at the same places; undefined when they were not read
 */
export function groupStatistics(
  values: GroupValues,
  previous: Float32Array | undefined,
  constants: UpdateConstants,
): GroupStatistics {
  const { group, parameter, gradient } = values;
  const { ratios, belowEpsilon } = comingUpdate(values, constants);
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

/** √ of the mean square; 0 for nothing. */
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

/** The cosine of the angle between two vectors; 0 when either is 0. */
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
 * Sarle's bimodality coefficient with the sample corrections of skewness and kurtosis (Ellison 1987):
 * (g² + 1) / (k + 3 (n − 1)² / ((n − 2)(n − 3))). At most 1; 0 for fewer than four values or when all are equal.
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

/** Counts in equal bins over ±{@linkcode HISTOGRAM_RANGE}; values that are not numbers are not counted. */
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
