// Metrics of one document, as the harness's `process_results()` computes them.
import { didYouMean, UserError } from "../errors.ts";
import { pythonRegex } from "./python-regex.ts";
import { pythonText, textLength, wordCount } from "./python-values.ts";
import type { YamlFile } from "./yaml-file.ts";

/** What a model is asked for. */
export const OUTPUT_TYPES = ["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"] as const;
export type OutputType = typeof OUTPUT_TYPES[number];

/** What a metric's values are put together by. */
export type Aggregation =
  | "mean"
  | "nanmean"
  | "median"
  | "perplexity"
  | "weighted_perplexity"
  | "bits_per_byte"
  | "f1"
  | "matthews_corrcoef"
  | "brier_score"
  | TranslationMetric;

/** Measures of whole corpora of translations. */
export type TranslationMetric = "bleu" | "chrf" | "chrf++" | "ter";

/** A metric of a task. */
export interface Metric {
  readonly name: string;
  readonly aggregation: Aggregation;
  readonly better: "higher" | "lower";
  /** Of `exact_match` on generated answers: whether an answer is the wanted text. */
  readonly matches?: (answer: string, wanted: string) => boolean;
}

/**
 * A number; a log-likelihood with the number of words or bytes that it is of; the right choice and the chosen one; or what is
 * wanted and the answer.
 */
export type MetricValue = number | readonly [number, number] | readonly [string, string];

/** What a model says about a continuation. */
export interface Scored {
  /** Natural logarithm of its probability, summed over its tokens. */
  readonly logLikelihood: number;
  /** Whether each of its tokens is the most likely one. */
  readonly greedy: boolean;
}

type Known = Pick<Metric, "aggregation" | "better">;
const accuracy: Known = { aggregation: "mean", better: "higher" };

const METRICS: Readonly<Record<OutputType, Readonly<Record<string, Known>>>> = {
  multiple_choice: {
    acc: accuracy,
    acc_norm: accuracy,
    acc_bytes: accuracy,
    acc_mutual_info: accuracy,
    exact_match: accuracy,
    f1: { aggregation: "f1", better: "higher" },
    mcc: { aggregation: "matthews_corrcoef", better: "higher" },
    brier_score: { aggregation: "brier_score", better: "lower" },
  },
  loglikelihood: { perplexity: { aggregation: "perplexity", better: "lower" }, acc: accuracy },
  loglikelihood_rolling: {
    word_perplexity: { aggregation: "weighted_perplexity", better: "lower" },
    byte_perplexity: { aggregation: "weighted_perplexity", better: "lower" },
    bits_per_byte: { aggregation: "bits_per_byte", better: "lower" },
  },
  generate_until: {
    exact_match: accuracy,
    bleu: { aggregation: "bleu", better: "higher" },
    chrf: { aggregation: "chrf", better: "higher" },
    "chrf++": { aggregation: "chrf++", better: "higher" },
    ter: { aggregation: "ter", better: "lower" },
  },
};

/** What numbers may be put together by; other values have one way only. */
const OF_NUMBERS: readonly Aggregation[] = ["mean", "nanmean", "median"];

/** The harness's `DEFAULT_METRIC_REGISTRY`. */
const DEFAULTS: Readonly<Record<OutputType, readonly string[]>> = {
  multiple_choice: ["acc", "acc_norm"],
  loglikelihood: ["perplexity", "acc"],
  loglikelihood_rolling: ["word_perplexity", "byte_perplexity", "bits_per_byte"],
  generate_until: ["exact_match"],
};

/** @throws UserError `harness.metric` for a metric or a setting of one that is unknown or does not fit the task */
export function readMetrics(
  file: YamlFile,
  outputType: OutputType,
  list: readonly Readonly<Record<string, unknown>>[] | undefined,
): Metric[] {
  const known = METRICS[outputType];
  const settings: readonly Readonly<Record<string, unknown>>[] = list ??
    DEFAULTS[outputType].map((metric) => ({ metric }));
  return settings.map(({ metric, aggregation, higher_is_better, hf_evaluate: _, ...options }, i): Metric => {
    const where = file.place("metric_list", i);
    if (typeof metric !== "string" || !Object.hasOwn(known, metric)) {
      throw new UserError(
        "harness.metric",
        `${where}: cannot compute the metric "${metric}" of ${outputType}: expected one of ${
          Object.keys(known).join(", ")
        }`,
        didYouMean(String(metric), Object.keys(known)),
      );
    }
    const one = known[metric]!;
    const ways = one.aggregation === "mean" ? OF_NUMBERS : [one.aggregation];
    const way = aggregation === undefined ? one.aggregation : ways.find((name) => name === aggregation);
    if (way === undefined) {
      throw new UserError(
        "harness.metric",
        `${where}: cannot aggregate ${metric} by "${aggregation}": expected ${ways.join(", ")}`,
      );
    }
    const better = higher_is_better === undefined ? one.better : higher_is_better === true ? "higher" : "lower";
    const shown = { name: metric, aggregation: way, better } as const;
    if (outputType === "generate_until" && metric === "exact_match") {
      return { ...shown, matches: matcher(options, where) };
    }
    const [unknown] = Object.keys(options);
    if (unknown === undefined) return shown;
    throw new UserError("harness.metric", `${where}: the metric ${metric} has no setting "${unknown}"`);
  });
}

const PUNCTUATION = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;

/** `exact_match` of the library `evaluate`, which the harness has a copy of. */
function matcher(options: Readonly<Record<string, unknown>>, where: string): NonNullable<Metric["matches"]> {
  const { regexes_to_ignore, ignore_case, ignore_punctuation, ignore_numbers, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new UserError(
      "harness.metric",
      `${where}: the metric exact_match has no setting "${unknown}"`,
      didYouMean(unknown, ["regexes_to_ignore", "ignore_case", "ignore_punctuation", "ignore_numbers"]),
    );
  }
  let ignored: RegExp[];
  try {
    ignored = [regexes_to_ignore ?? []].flat().map((source) => pythonRegex(String(source)));
  } catch (error) {
    throw new UserError("harness.metric", `${where}: regexes_to_ignore cannot be read: ${(error as Error).message}`);
  }
  const plain = (text: string) => {
    let left = ignored.reduce((rest, regex) => rest.replace(regex, ""), text);
    if (ignore_case === true) left = left.toLowerCase();
    if (ignore_punctuation === true) left = left.replace(PUNCTUATION, "");
    if (ignore_numbers === true) left = left.replace(/[0-9]/g, "");
    return left;
  };
  return (answer, wanted) => plain(answer) === plain(wanted);
}

/** The index of the largest value, the first of several, as numpy's `argmax`. */
function largest(values: readonly number[]): number {
  const nan = values.findIndex(Number.isNaN);
  return nan >= 0 ? nan : values.indexOf(Math.max(...values));
}

/** A multiple-choice question. */
export interface Question {
  readonly choices: readonly string[];
  /** Indices of the right choices. */
  readonly right: readonly number[];
}

/**
 * The metrics of a multiple-choice question.
 *
 * @param scores of the choices; then, for `acc_mutual_info`, of the choices without the question
 */
export function scoreQuestion(
  metrics: readonly Metric[],
  { choices, right }: Question,
  scores: readonly Scored[],
): Record<string, MetricValue> {
  const likelihoods = scores.slice(0, choices.length).map(({ logLikelihood }) => logLikelihood);
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const is = (chosen: number) => right.includes(chosen) ? 1 : 0;
  const values: Readonly<Record<string, () => MetricValue>> = {
    acc: () => is(largest(likelihoods)),
    acc_norm: () => is(largest(likelihoods.map((one, i) => one / textLength(choices[i]!)))),
    acc_bytes: () => is(largest(likelihoods.map((one, i) => one / bytes(choices[i]!)))),
    acc_mutual_info: () => is(largest(likelihoods.map((one, i) => one - scores[choices.length + i]!.logLikelihood))),
    exact_match: () => right.some((i) => scores[i]!.greedy) ? 1 : 0,
    f1: () => [right[0]!, largest(likelihoods)],
    mcc: () => [right[0]!, largest(likelihoods)],
    brier_score: () => brierScore(likelihoods, right[0]!),
  };
  return Object.fromEntries(metrics.map(({ name }) => [name, values[name]!()]));
}

/** The squared distance of the choices' probabilities from those of one who knows, 0 to 2 (Brier 1950). */
function brierScore(likelihoods: readonly number[], right: number): number {
  const most = Math.max(...likelihoods);
  const weights = likelihoods.map((one) => Math.exp(one - most));
  const total = weights.reduce((sum, one) => sum + one, 0);
  return weights.reduce((sum, one, i) => sum + (one / total - (i === right ? 1 : 0)) ** 2, 0);
}

/** Metrics that a question must have one right choice for. */
export const OF_ONE_ANSWER: ReadonlySet<string> = new Set(["f1", "mcc", "brier_score"]);

/** Ways to put values together that need one wanted text for each answer. */
export const OF_ONE_TEXT: ReadonlySet<Aggregation> = new Set(["bleu", "chrf", "chrf++", "ter"]);

/** The metrics of a continuation. */
export function scoreContinuation(
  metrics: readonly Metric[],
  { logLikelihood, greedy }: Scored,
): Record<string, MetricValue> {
  return Object.fromEntries(metrics.map(({ name }) => [name, name === "acc" ? Number(greedy) : logLikelihood]));
}

/** The metrics of a text that is scored as a whole. */
export function scoreText(
  metrics: readonly Metric[],
  text: string,
  logLikelihood: number,
): Record<string, MetricValue> {
  const bytes = new TextEncoder().encode(text).length;
  return Object.fromEntries(
    metrics.map(({ name }) => [name, [logLikelihood, name === "word_perplexity" ? wordCount(text) : bytes]]),
  );
}

/**
 * The metrics of a generated answer.
 *
 * @param wanted the text, or several of which one is enough
 */
export function scoreAnswer(metrics: readonly Metric[], answer: string, wanted: unknown): Record<string, MetricValue> {
  const texts = Array.isArray(wanted) ? wanted.map(String) : [pythonText(wanted)];
  return Object.fromEntries(
    metrics.map(({ name, matches }): [string, MetricValue] => [
      name,
      matches === undefined ? [texts[0]!, answer] : texts.some((text) => matches(answer, text)) ? 1 : 0,
    ]),
  );
}
