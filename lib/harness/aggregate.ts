// Putting the metrics of documents together: the harness's values and standard errors, and our 95 % intervals.
import { bootstrapBitsPerByte, shareInterval } from "../run/mod.ts";
import type { GroupMetric } from "./task-files.ts";
import { type Classified, f1Score, matthewsCorrelation } from "./classification.ts";
import { editRate } from "./edit-rate.ts";
import type { Aggregation, Metric, MetricValue, TranslationMetric } from "./metrics.ts";
import { pythonRandom } from "./python-random.ts";
import { bleu, chrf, type CorpusMeasure, type Statistics } from "./translation.ts";

/** A metric over the documents of a task or group. */
export interface Score {
  readonly metric: string;
  readonly filter: string;
  readonly value: number;
  /** The harness's; null where it prints N/A. */
  readonly stderr: number | null;
  /**
   * 95 %: exact for shares; for perplexity and bits per byte the bootstrap-t over documents, for other values its
   * percentiles; null if there are too few documents.
   */
  readonly interval: readonly [number, number] | null;
  readonly samples: number;
  readonly better: "higher" | "lower";
}

/** The harness's number of resamples. */
const RESAMPLES = 100_000;

/** Of pairs of the right choice and the chosen one. */
const CLASSIFICATION: Partial<Record<Aggregation, (pairs: readonly Classified[]) => number>> = {
  f1: f1Score,
  matthews_corrcoef: matthewsCorrelation,
};

/** Of wanted texts and answers. */
const TRANSLATION: Partial<Record<Aggregation, CorpusMeasure>> = {
  bleu,
  chrf: chrf(0),
  "chrf++": chrf(2),
  ter: editRate,
} satisfies Record<TranslationMetric, CorpusMeasure>;
/** Resamples of translations: the harness's for its standard error, and as many as an interval needs. */
const TRANSLATION_RESAMPLES = { error: 100, interval: 1000 };

/** Of numbers, where the harness resamples for the standard error. */
const RESAMPLED: Partial<Record<Aggregation, (values: readonly number[]) => number>> = {
  nanmean: mean,
  median: (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!,
};

/** The value of a metric, and how sure it is. @param resamples for standard errors that the harness bootstraps */
export function aggregate(
  { name, aggregation, better }: Metric,
  filter: string,
  values: readonly MetricValue[],
  resamples: number = RESAMPLES,
): Score {
  const samples = values.length;
  const common = { metric: name, filter, samples, better };
  if (aggregation === "mean") {
    const numbers = values as readonly number[];
    return {
      ...common,
      value: mean(numbers),
      stderr: samples > 1 ? meanError(numbers) : null,
      interval: share(numbers),
    };
  }
  const classify = CLASSIFICATION[aggregation];
  if (classify !== undefined) {
    const drawn = bootstrap(values as readonly Classified[], classify, resamples);
    return {
      ...common,
      value: classify(values as readonly Classified[]),
      stderr: samples > 1 ? deviation(drawn) : null,
      interval: samples > 1 ? middle(drawn) : null,
    };
  }
  const statistic = RESAMPLED[aggregation];
  if (statistic !== undefined) {
    const numbers = values as readonly number[];
    const drawn = samples > 1 ? bootstrap(numbers, statistic, resamples) : undefined;
    const interval = aggregation === "nanmean" ? share(numbers) : drawn === undefined ? null : middle(drawn);
    return { ...common, value: statistic(numbers), stderr: drawn === undefined ? null : deviation(drawn), interval };
  }
  const translation = TRANSLATION[aggregation];
  if (translation !== undefined) {
    const each = (values as readonly (readonly [string, string])[]).map((pair) => translation.statistics(...pair));
    const scoreOf = (drawn: readonly Statistics[]) => translation.score(sumsOf(drawn));
    const drawn = samples > 1 ? bootstrap(each, scoreOf, TRANSLATION_RESAMPLES.interval) : undefined;
    return {
      ...common,
      value: scoreOf(each),
      stderr: drawn === undefined ? null : deviation(drawn.subarray(0, TRANSLATION_RESAMPLES.error)),
      interval: drawn === undefined ? null : middle(drawn),
    };
  }
  if (aggregation === "brier_score") {
    const numbers = values as readonly number[];
    // The harness has no standard error of it.
    const interval = samples > 1 ? middle(bootstrap(numbers, mean, 10_000)) : null;
    return { ...common, value: mean(numbers), stderr: null, interval };
  }
  const pairs = (values as readonly (number | readonly [number, number])[])
    .map((one): readonly [number, number] => typeof one === "number" ? [one, 1] : one);
  const losses = {
    nll: Float64Array.from(pairs, ([logLikelihood]) => -logLikelihood),
    bytes: Float64Array.from(pairs, ([, weight]) => weight),
  };
  const bits = aggregation === "bits_per_byte";
  const shown = (perUnit: number) => bits ? perUnit : Math.exp(perUnit * Math.LN2);
  const { value, low, high } = bootstrapBitsPerByte([losses]);
  const stderr = aggregation === "perplexity" && samples > 1
    ? deviation(bootstrap(values as readonly number[], (drawn) => Math.exp(-mean(drawn)), resamples))
    : null;
  return {
    ...common,
    value: shown(value),
    stderr,
    interval: low === null || high === null ? null : [shown(low), shown(high)],
  };
}

/** A group's value: the mean of its tasks', weighted by their documents or not. */
export function aggregateGroup(
  { weightBySize }: GroupMetric,
  scores: readonly Score[],
  values: readonly (readonly MetricValue[])[],
): Score {
  const sizes = scores.map(({ samples }) => samples);
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const weights = weightBySize ? sizes : sizes.map(() => 1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const value = scores.reduce((sum, one, i) => sum + one.value * weights[i]!, 0) / total;
  const known = scores.every(({ stderr }) => stderr !== null);
  const variance = weightBySize
    ? scores.reduce((sum, { stderr }, i) => sum + (sizes[i]! - 1) * stderr! ** 2 * sizes[i]!, 0) /
      (samples - scores.length) / samples
    : scores.reduce((sum, { stderr }) => sum + stderr! ** 2, 0) / scores.length ** 2;
  const all = values.flat();
  const numbers = all.every((one) => typeof one === "number") ? all as readonly number[] : [];
  const { metric, filter, better } = scores[0]!;
  return {
    metric,
    filter,
    value,
    stderr: known ? Math.sqrt(variance) : null,
    interval: weightBySize ? share(numbers) : null,
    samples,
    better,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function sumsOf([first = [], ...others]: readonly Statistics[]): Statistics {
  const sums = [...first];
  for (const one of others) for (let i = 0; i < sums.length; i++) sums[i]! += one[i]!;
  return sums;
}

/** The standard deviation of a sample. */
function deviation(values: ArrayLike<number>): number {
  const count = values.length;
  let sum = 0, squares = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const middle = sum / count;
  for (let i = 0; i < count; i++) squares += (values[i]! - middle) ** 2;
  return Math.sqrt(squares / (count - 1));
}

const meanError = (values: readonly number[]): number => deviation(values) / Math.sqrt(values.length);

function share(values: readonly number[]): readonly [number, number] | null {
  if (values.length === 0 || !values.every((value) => value === 0 || value === 1)) return null;
  const { low, high } = shareInterval(values.filter((value) => value === 1).length, values.length);
  return [low, high];
}

/** A statistic of resamples, with the harness's random numbers: a stream for each 1,000. */
function bootstrap<T>(
  values: readonly T[],
  statistic: (drawn: readonly T[]) => number,
  resamples: number,
): Float64Array {
  const count = values.length;
  const size = Math.min(1000, resamples);
  const found = new Float64Array(Math.floor(resamples / size) * size);
  const drawn = [...values];
  for (let start = 0; start < found.length; start += size) {
    const { random } = pythonRandom(start / size);
    for (let at = start; at < start + size; at++) {
      for (let i = 0; i < count; i++) drawn[i] = values[Math.floor(random() * count)]!;
      found[at] = statistic(drawn);
    }
  }
  return found;
}

/** From the 2.5th to the 97.5th percentile. */
function middle(values: Float64Array): readonly [number, number] {
  const sorted = values.toSorted();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}
