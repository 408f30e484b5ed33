// How sure a greedy choice is: what it would be, and what it would gain, with other documents and other batches.
import { type Random, random } from "../../random.ts";
import { chooseGreedily, type GainMatrix, jointGain } from "./choose.ts";
import { type RepeatError, repeatError } from "./gains.ts";
import { bitsPerByteOf, type DomainLosses, meanLosses, type ProbeLosses } from "./losses.ts";

/** A number with the ends of its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** One step of the greedy choice. */
export interface ChoiceStep {
  readonly candidate: string;
  /** What it adds to the joint gain of those before it, in bits per byte, mean over domains. */
  readonly added: Interval;
  /** The joint gain with it. */
  readonly joint: Interval;
}

/** A choice with its uncertainty. */
export interface Choice {
  readonly steps: readonly ChoiceStep[];
  /** By candidate, the share of draws in which it is chosen. */
  readonly chosenIn: ReadonlyMap<string, number>;
  /** Bits per byte saved by candidate and domain, in the order of both. */
  readonly gains: GainMatrix;
}

/** How the bootstrap draws. */
export interface ChoiceOptions {
  /** @default 0 */
  readonly seed?: number;
  /** @default 1000 */
  readonly draws?: number;
}

/**
 * Chooses candidates greedily, and again for each draw of a bootstrap: documents are drawn with replacement within each
 * domain, the same ones for all models, and every gain moves by an error as over repeats (Student's t). Intervals are
 * percentiles. A best of noisy gains is a little too high, in the draws as in the estimate.
 *
 * @param most how many are chosen, at most
 */
export function chooseExperts(
  losses: ProbeLosses,
  most: number,
  { seed = 0, draws = 1000 }: ChoiceOptions = {},
): Choice {
  const candidates = [...losses.probes.keys()];
  const domains = Object.keys(losses.seed);
  const means = [...losses.probes.values()].map(meanLosses);
  const gains = gainsWhere(losses.seed, means, domains);
  const chosen = chooseGreedily(gains, most);
  const errors = errorsOf(losses, candidates, domains);
  const joint = chosen.map(() => new Float64Array(draws));
  const counts = candidates.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const stream = random(seed, "choice", draw);
    const scale = { own: studentScale(errors.own, stream), other: studentScale(errors.other, stream) };
    const drawn = gainsWhere(losses.seed, means, domains, stream).map((row, c) =>
      row.map((gain, d) => gain + scale[candidates[c] === domains[d] ? "own" : "other"] * stream.normal())
    );
    for (const candidate of chooseGreedily(drawn, most)) counts[candidate]!++;
    for (const at of chosen.keys()) joint[at]![draw] = jointGain(drawn, chosen.slice(0, at + 1));
  }
  return {
    steps: chosen.map((candidate, at) => {
      const before = at === 0 ? undefined : joint[at - 1]!;
      const total = jointGain(gains, chosen.slice(0, at + 1));
      return {
        candidate: candidates[candidate]!,
        added: interval(
          total - jointGain(gains, chosen.slice(0, at)),
          joint[at]!.map((value, draw) => value - (before?.[draw] ?? 0)),
        ),
        joint: interval(total, joint[at]!),
      };
    }),
    chosenIn: new Map(candidates.map((candidate, at) => [candidate, counts[at]! / draws])),
    gains,
  };
}

/** Bits per byte saved by each model on each domain. @param stream draws the documents; all of them if left out */
function gainsWhere(
  seed: DomainLosses,
  models: readonly DomainLosses[],
  domains: readonly string[],
  stream?: Random,
): number[][] {
  const columns = domains.map((domain) => {
    const count = seed[domain]!.nll.length;
    const drawn = stream && Uint32Array.from({ length: count }, () => stream.int(count));
    const base = bitsPerByteOf(seed[domain]!, drawn);
    return models.map((model) => base - bitsPerByteOf(model[domain]!, drawn));
  });
  return models.map((_, model) => columns.map((column) => column[model]!));
}

/** Errors over repeats: of gains on candidates' own domains, and of all others. */
function errorsOf({ seed, probes }: ProbeLosses, candidates: readonly string[], domains: readonly string[]) {
  const byRepeat = [...probes.values()].map((repeats) => gainsWhere(seed, repeats, domains));
  const errorWhere = (own: boolean) =>
    repeatError(
      byRepeat.flatMap((repeats, c) =>
        domains.flatMap((domain, d) => (candidates[c] === domain) === own ? [repeats.map((row) => row[d]!)] : [])
      ),
    );
  return { own: errorWhere(true), other: errorWhere(false) };
}

/** The standard error in a draw: as far from the estimate as its degrees of freedom leave it open. */
function studentScale({ error, degrees }: RepeatError, stream: Random): number {
  if (error === 0) return 0;
  let squares = 0;
  for (let i = 0; i < degrees; i++) squares += stream.normal() ** 2;
  return error * Math.sqrt(degrees / squares);
}

/** The 2.5th and 97.5th percentile of draws. */
function interval(value: number, draws: Float64Array): Interval {
  const sorted = draws.toSorted();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { value, low: at(0.025), high: at(0.975) };
}
