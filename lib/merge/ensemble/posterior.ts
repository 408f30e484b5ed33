// The posterior of each model given a prefix, with the ensemble's options applied, on plain numbers off the device
// (Branch-Train-Merge, arXiv 2208.03306 §2.2; DEMix, arXiv 2108.05036 §4).
import { UserError } from "../../errors.ts";

/** How an ensemble weights its models. The default is the plain posterior under a uniform prior. */
export interface BtmOptions {
  /** Use only the k models with the largest weights at each token, the first among equals. @default all models */
  readonly topK?: number | null;
  /** Divides the log-posterior before normalization. @default 1 */
  readonly temperature?: number;
  /** The models' probabilities before any token is read; they sum to 1. @default uniform */
  readonly prior?: readonly number[] | null;
  /** How many of the latest tokens count as evidence. @default the whole prefix */
  readonly history?: number | null;
}

/** Checked options with defaults filled in. */
export interface Weighing {
  readonly topK: number;
  readonly temperature: number;
  /** `log prior_j`; finite. */
  readonly logPrior: readonly number[];
  /** Infinity for the whole prefix. */
  readonly history: number;
}

/** Gives a prior of 0 a finite logarithm that no evidence makes up for. */
const LEAST_PRIOR = 1e-30;

/**
 * Checks the options for an ensemble of `models` models and fills in defaults.
 *
 * @throws UserError `merge.btm` naming the option that is out of range
 */
export function weighingOf({ topK, temperature = 1, prior, history }: BtmOptions, models: number): Weighing {
  if (topK != null && !(Number.isInteger(topK) && topK >= 1 && topK <= models)) {
    throw refusal(`topK ${topK}`, `it must be a whole number from 1 to ${models}, the number of models`);
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
  if (prior.length !== models) {
    throw refusal(`prior of length ${prior.length}`, `the ensemble has ${models} models`);
  }
  const bad = prior.find((share) => !(share >= 0 && share <= 1));
  if (bad !== undefined) throw refusal(`prior that contains ${bad}`, "each probability must be from 0 to 1");
  const sum = prior.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1e-6) throw refusal(`prior that sums to ${sum}`, "it must sum to 1");
}

function refusal(what: string, why: string): UserError {
  return new UserError("merge.btm", `Cannot weight the ensemble's models with a ${what}: ${why}`);
}

/**
 * The losses of an ensemble, computed from the losses of its members without running a model.
 *
 * @param losses by model, the negative log-likelihood of each token in nats; all of one length
 * @returns the negative log-likelihood of each token under the mixture, in nats
 * @throws UserError `merge.btm`, `merge.empty`
 */
export function mixedLosses(losses: readonly ArrayLike<number>[], options: BtmOptions = {}): Float64Array {
  const weights = mixtureWeights(losses, options);
  return Float64Array.from(
    losses[0]!,
    (_, t) => -logSumExp(weights[t]!.map((weight, j) => weight - losses[j]![t]!)),
  );
}

/**
 * The weight of each model at each position, from the losses of the tokens before it.
 *
 * @param losses as for {@linkcode mixedLosses}
 * @returns `log w_tj` by position and model; −∞ for models that are left out
 * @throws UserError `merge.btm`, `merge.empty`
 */
export function mixtureWeights(losses: readonly ArrayLike<number>[], options: BtmOptions = {}): number[][] {
  const n = losses.length;
  const first = losses[0];
  if (first === undefined) {
    throw new UserError("merge.empty", "Cannot mix the losses of no models", "give at least one");
  }
  const weighing = weighingOf(options, n);
  const evidence = new Float64Array(n);
  return Array.from(first, (_, t) => {
    const logWeights = weigh([...evidence], weighing);
    for (let j = 0; j < n; j++) {
      evidence[j]! -= losses[j]![t]!;
      if (t >= weighing.history) evidence[j]! += losses[j]![t - weighing.history]!;
    }
    return logWeights;
  });
}

/** `log w_j` from the log-likelihood of the tokens read; −∞ for models that are left out. */
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
 * A prior from a development set: the exponential moving average of the posteriors at the ends of its sequences, each
 * under a uniform prior. A posterior counts `decay` times as much as the next one (DEMix, §4.2: `Σ_i λ^i P(j | x^(i))`,
 * λ = 0.3, here normalized).
 *
 * @param losses by sequence and model: the negative log-likelihood of the whole sequence, in nats
 * @returns one probability per model, summing to 1
 * @throws UserError `merge.btm` for a decay outside [0, 1), `merge.empty` when there is no sequence
 */
export function priorFromLosses(losses: readonly (readonly number[])[], decay = 0.3): number[] {
  if (!(decay >= 0 && decay < 1)) throw refusal(`prior that decays by ${decay}`, "it must be from 0 to below 1");
  const [first, ...rest] = losses.map((row) => {
    const total = logSumExp(row.map((loss) => -loss));
    return row.map((loss) => Math.exp(-loss - total));
  });
  if (first === undefined) {
    throw new UserError("merge.empty", "Cannot compute a prior from 0 sequences", "give at least one");
  }
  return rest.reduce((average, row) => average.map((share, j) => decay * share + (1 - decay) * row[j]!), first);
}

function logSumExp(values: readonly number[]): number {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
}
