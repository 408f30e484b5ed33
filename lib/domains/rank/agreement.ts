// Whether predicted gains agree with realized ones: correlations, and what a choice by predictions is worth.
import { random } from "../../random.ts";
import { pearson, spearman } from "../../statistics.ts";
import type { Interval } from "./choice.ts";
import { chooseGreedily, type GainMatrix, jointGain } from "./choose.ts";

/** A predicted gain and the realized one, in bits per byte. */
export interface GainPair {
  readonly candidate: string;
  readonly predicted: number;
  readonly realized: number;
}

/** Correlations of predicted and realized gains. */
export interface Agreement {
  readonly pearson: Interval;
  readonly spearman: Interval;
  readonly pairs: number;
}

/** A correlation over fewer candidates says nothing. */
export const FEWEST_CANDIDATES = 3;

/**
 * Pearson's and Spearman's correlation with 95 % intervals: percentiles of a bootstrap that draws candidates with all their
 * pairs, because the gains of one candidate depend on one another.
 *
 * @throws RangeError for pairs of fewer than three candidates
 */
export function gainAgreement(
  pairs: readonly GainPair[],
  { seed = 0, draws = 2000 }: { readonly seed?: number; readonly draws?: number } = {},
): Agreement {
  const groups = [...Map.groupBy(pairs, ({ candidate }) => candidate).values()];
  if (groups.length < FEWEST_CANDIDATES) throw new RangeError(`No correlation over ${groups.length} candidates`);
  const stream = random(seed, "agreement");
  const drawn: (readonly GainPair[])[] = [];
  while (drawn.length < draws) {
    const chosen = groups.map(() => stream.int(groups.length));
    if (new Set(chosen).size >= FEWEST_CANDIDATES) drawn.push(chosen.flatMap((at) => groups[at]!));
  }
  const of = (correlation: typeof pearson): Interval => {
    const measure = (some: readonly GainPair[]) =>
      correlation(some.map(({ predicted }) => predicted), some.map(({ realized }) => realized));
    const values = drawn.map(measure).filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const at = (share: number) => values[Math.round(share * (values.length - 1))] ?? NaN;
    return { value: measure(pairs), low: at(0.025), high: at(0.975) };
  };
  return { pearson: of(pearson), spearman: of(spearman), pairs: pairs.length };
}

/** What choices of as many experts gain together in fact, in bits per byte, mean over domains. */
export interface ChoiceValue {
  readonly experts: number;
  /** Of the greedy choice by predicted gains. */
  readonly predicted: number;
  /** Of the greedy choice by realized gains. */
  readonly realized: number;
  /** Of a random choice, on average over all of them. */
  readonly random: number;
}

/**
 * The joint gain of choices of one expert, of two, and so on.
 *
 * @param predicted by candidate and domain, as is `realized`
 */
export function choiceValues(predicted: GainMatrix, realized: GainMatrix): ChoiceValue[] {
  return realized.map((_, at) => ({
    experts: at + 1,
    predicted: jointGain(realized, chooseGreedily(predicted, at + 1)),
    realized: jointGain(realized, chooseGreedily(realized, at + 1)),
    random: randomGain(realized, at + 1),
  }));
}

/** The joint gain of `count` of the candidates, on average over all such sets. */
function randomGain(gains: GainMatrix, count: number): number {
  const domains = gains[0]!.map((_, d) => {
    const sorted = gains.map((row) => Math.max(0, row[d]!)).sort((a, b) => b - a);
    // The one at index j is the best of a set if none before it is in it.
    let none = 1, mean = 0;
    for (const [j, gain] of sorted.entries()) {
      const left = sorted.length - j;
      const joins = Math.min(1, count / left);
      mean += none * joins * gain;
      none *= 1 - joins;
    }
    return mean;
  });
  return domains.reduce((sum, gain) => sum + gain, 0) / domains.length;
}
