// What probes gain: bits per byte of held-out text that they save against the seed, with 95 % intervals.
import { pairedDifference } from "../../run/mod.ts";
import { studentQuantile, varianceOf } from "../../statistics.ts";
import { bitsPerByteOf, type DomainLosses, meanLosses, type ProbeLosses } from "./losses.ts";

/** Bits per byte saved: positive where the probe is better than the seed. */
export interface Gain {
  readonly value: number;
  /** Ends of the 95 % interval; null where there are too few documents for one. */
  readonly low: number | null;
  readonly high: number | null;
}

/** The gain of a candidate's probe on some domains, as their mean. */
export interface PlacedGain extends Gain {
  readonly candidate: string;
  readonly domains: readonly string[];
}

/** How far means over repeats of a probe are from the mean over all repeats that there could be. */
export interface RepeatError {
  /** Standard error, in bits per byte. */
  readonly error: number;
  /** Its degrees of freedom. */
  readonly degrees: number;
}

/** What probes gain: each on its own domain, on each other domain, and on all others as their mean. */
export interface ProbeGains {
  readonly own: readonly PlacedGain[];
  /** Candidates × domains without the candidates' own. */
  readonly pairs: readonly PlacedGain[];
  readonly others: readonly PlacedGain[];
}

/**
 * The gains of all probes, as means over their repeats, on documents that are paired with the seed's.
 *
 * An interval contains two uncertainties, as the square root of the sum of their squares: that of the documents (the
 * bootstrap-t of `pairedDifference()`), and that of the batches that a probe was trained on (Student's t over repeats,
 * whose variance is pooled over all gains of a kind, since each has few repeats).
 *
 * With one repeat, as for experts, an interval contains only that of the documents.
 *
 * @param losses of candidates that are domains, with the same number of repeats each
 */
export function probeGains(losses: ProbeLosses): ProbeGains {
  const domains = Object.keys(losses.seed);
  const candidates = [...losses.probes.keys()];
  const without = (candidate: string) => domains.filter((domain) => domain !== candidate);
  return {
    own: gainsOf(losses, candidates.map((candidate) => ({ candidate, domains: [candidate] }))),
    pairs: gainsOf(
      losses,
      candidates.flatMap((candidate) => without(candidate).map((domain) => ({ candidate, domains: [domain] }))),
    ),
    others: gainsOf(losses, candidates.map((candidate) => ({ candidate, domains: without(candidate) }))),
  };
}

type Place = Pick<PlacedGain, "candidate" | "domains">;

/** Gains of the same kind. */
function gainsOf({ seed, probes }: ProbeLosses, places: readonly Place[]): PlacedGain[] {
  const margin = repeatMargin(
    repeatError(
      places.map(({ candidate, domains }) =>
        probes.get(candidate)!.map((one) => meanOf(domains.map((domain) => savedOn(seed, one, domain))))
      ),
    ),
  );
  const means = new Map([...probes].map(([candidate, repeats]) => [candidate, meanLosses(repeats)]));
  return places.map(({ candidate, domains }) => {
    const pick = (losses: DomainLosses) => domains.map((domain) => losses[domain]!);
    const found = pairedDifference(pick(seed), pick(means.get(candidate)!));
    return { candidate, domains, ...widened(found, margin) };
  });
}

/** Bits per byte that a model saves on a domain against the seed. */
function savedOn(seed: DomainLosses, model: DomainLosses, domain: string): number {
  return bitsPerByteOf(seed[domain]!) - bitsPerByteOf(model[domain]!);
}

/**
 * The standard error of a mean over repeats, from the variance within all places together; 0 if there is only one repeat.
 *
 * @param gains by place and repeat; all places have the same number of repeats
 */
export function repeatError(gains: readonly (readonly number[])[]): RepeatError {
  const repeats = gains[0]!.length;
  if (repeats === 1) return { error: 0, degrees: 0 };
  const variance = meanOf(gains.map((own) => varianceOf(own, meanOf(own))));
  return { error: Math.sqrt(variance / repeats), degrees: gains.length * (repeats - 1) };
}

/** Half-width of the 95 % interval that the error over repeats alone gives. */
const repeatMargin = ({ error, degrees }: RepeatError) => error === 0 ? 0 : studentQuantile(degrees) * error;

/** An estimate whose interval contains a further, independent uncertainty with this half-width. */
function widened({ value, low, high }: Gain, margin: number): Gain {
  if (low === null || high === null) return { value, low: null, high: null };
  return { value, low: value - Math.hypot(value - low, margin), high: value + Math.hypot(high - value, margin) };
}

export const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Whether a gain's interval excludes 0: `better` or `worse` than the seed. */
export function verdictOf({ low, high }: Gain): "better" | "worse" | "unclear" {
  return low !== null && low > 0 ? "better" : high !== null && high < 0 ? "worse" : "unclear";
}
