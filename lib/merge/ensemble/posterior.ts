// The Bayes posterior of each model given a prefix, and what the options do to it: in numbers, off the device
// (Branch-Train-Merge, arXiv 2208.03306 §2.2; DEMix, arXiv 2108.05036 §4).
import { UserError } from "../../errors.ts";

/** How an ensemble weighs its models. With nothing given, the plain posterior under a uniform prior. */
export interface BtmOptions {
  /** Only the k models of the largest weight speak at a token, the first of equals; all when left out or null. */
  readonly topK?: number | null;
  /** The log-posterior is divided by it before it is normalised. @default 1 */
  readonly temperature?: number;
  /** The models' probabilities before anything is read, summing to 1; uniform when left out. */
  readonly prior?: readonly number[] | null;
  /** Only this many of the latest tokens count as evidence; the whole prefix when left out or null. */
  readonly history?: number | null;
}

/** Options with their defaults, checked. */
export interface Weighing {
  readonly topK: number;
  readonly temperature: number;
  /** `log prior_j`; finite. */
  readonly logPrior: readonly number[];
  /** Infinity for the whole prefix. */
  readonly history: number;
}

/** So that a prior of 0 has a logarithm: nothing that is read makes up for it. */
const LEAST_PRIOR = 1e-30;

/**
 * The options for an ensemble of so many models.
 *
 * @throws UserError `merge.btm` naming the option that is out of its range
 */
export function weighingOf({ topK, temperature = 1, prior, history }: BtmOptions, models: number): Weighing {
  if (topK != null && !(Number.isInteger(topK) && topK >= 1 && topK <= models)) {
    throw refusal(`topK ${topK}`, `it must be a whole number from 1 to the ${models} models of the ensemble`);
  }
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw refusal(`temperature ${temperature}`, "it must be above 0 and finite");
  }
  if (history != null && !(Number.isInteger(history) && history >= 1)) {
    throw refusal(`history ${history}`, "it must be a whole number of tokens, at least 1");
  }
  if (prior != null) checkPrior(prior, models);
  const logPrior = prior == null
    ? Array<number>(models).fill(0)
    : prior.map((share) => Math.log(Math.max(share, LEAST_PRIOR)));
  return { topK: topK ?? models, temperature, logPrior, history: history ?? Infinity };
}

function checkPrior(prior: readonly number[], models: number): void {
  if (prior.length !== models) throw refusal(`prior of ${prior.length} models`, `there are ${models}`);
  const bad = prior.find((share) => !(share >= 0 && share <= 1));
  if (bad !== undefined) throw refusal(`prior with ${bad}`, "each probability must be from 0 to 1");
  const sum = prior.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1e-6) throw refusal(`prior that sums to ${sum}`, "it must sum to 1");
}

function refusal(what: string, why: string): UserError {
  return new UserError("merge.btm", `Cannot weigh the ensemble's models with a ${what}: ${why}`);
}

/**
 * What an ensemble loses on a text whose cost to each of its members is known: no model needs to run again.
 *
 * @param losses by model, each the negative log-likelihood in nats of token after token, all of one length
 * @returns the mixture's negative log-likelihood of each of those tokens
 * @throws UserError `merge.btm`, `merge.empty`
 */
export function mixedLosses(losses: readonly ArrayLike<number>[], options: BtmOptions = {}): Float64Array {
  const n = losses.length;
  const first = losses[0];
  if (first === undefined) throw new UserError("merge.empty", "Cannot mix the losses of no models");
  const weighing = weighingOf(options, n);
  const evidence = new Float64Array(n);
  return Float64Array.from(first, (_, t) => {
    const logWeights = weigh([...evidence], weighing);
    for (let j = 0; j < n; j++) {
      evidence[j]! -= losses[j]![t]!;
      if (t >= weighing.history) evidence[j]! += losses[j]![t - weighing.history]!;
    }
    return -logSumExp(logWeights.map((weight, j) => weight - losses[j]![t]!));
  });
}

/** `log w_j` from the log-likelihood of what was read; −∞ for models that do not speak. */
function weigh(evidence: readonly number[], { topK, temperature, logPrior }: Weighing): number[] {
  const scores = evidence.map((value, j) => (value + logPrior[j]!) / temperature);
  if (topK < scores.length) {
    const order = scores.map((_, j) => j).sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const j of order.slice(topK)) scores[j] = -Infinity;
  }
  const total = logSumExp(scores);
  return scores.map((score) => score - total);
}

/**
 * A prior from a development set: the exponential moving average of the posteriors that the ensemble ends its
 * sequences with, each under a uniform prior. With every sequence further back a posterior counts `decay` times as
 * much (DEMix, §4.2: `Σ_i λ^i P(j | x^(i))`, λ = 0.3, here normalised).
 *
 * @param losses by sequence and model: the negative log-likelihood of the whole sequence, in nats
 * @returns one probability a model, summing to 1
 * @throws UserError `merge.btm` for a decay outside [0, 1), `merge.empty` when there is no sequence
 */
export function priorFromLosses(losses: readonly (readonly number[])[], decay = 0.3): number[] {
  if (!(decay >= 0 && decay < 1)) throw refusal(`decay of ${decay} for its prior`, "it must be from 0 to below 1");
  const [first, ...rest] = losses.map((row) => {
    const total = logSumExp(row.map((loss) => -loss));
    return row.map((loss) => Math.exp(-loss - total));
  });
  if (first === undefined) throw new UserError("merge.empty", "Cannot take a prior from no sequences");
  return rest.reduce((average, row) => average.map((share, j) => decay * share + (1 - decay) * row[j]!), first);
}

function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}
