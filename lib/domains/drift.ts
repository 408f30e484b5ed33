// How new documents differ from those that a clustering was found in.
import { UserError } from "../errors.ts";
import { proportionInterval, studentQuantile } from "../statistics.ts";
import { type Clustering, countsOf } from "./description.ts";
import { type Measures, measuresOf } from "./describe.ts";
import type { Tally } from "./tally.ts";

/** Documents and their share with its 95 % interval, and what it was at the discovery. */
export interface ShareDrift {
  readonly documents: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
  readonly before: number;
}

/** A cluster's new documents. */
export interface ClusterDrift extends Measures {
  readonly name: string;
  readonly documents: number;
  readonly share: number;
  readonly shareBefore: number;
  readonly far: number;
  readonly distanceBefore: number;
}

/** What changed since the discovery. */
export interface Drift {
  readonly documents: number;
  readonly clusters: readonly ClusterDrift[];
  /** Documents near no center. */
  readonly far: ShareDrift;
  /** Share of the occurrences of terms that the vocabulary lacks. */
  readonly unknownTerms: number;
  readonly unknownTermsBefore: number;
  /** Jensen–Shannon divergence of the clusters' shares, in bits: 0 to 1. */
  readonly divergence: number;
  /** What it is in the mean by chance, with as many documents of the same kind. */
  readonly divergenceByChance: number;
  /** Mean squared distance from the center, minus that of the discovery's documents of the same clusters, with its 95 % interval. */
  readonly distance: { readonly difference: number; readonly low: number; readonly high: number };
  /** What is clearly different; empty if nothing is. */
  readonly findings: readonly string[];
}

/** Standard deviations above its mean from which χ² is taken for more than chance. */
const CLEARLY = 3;
/** How much larger the share of unknown terms must be, times what it was, and in itself. */
const MORE_UNKNOWN = { times: 2, share: 0.05 };

/**
 * Compares the counts of new documents with a clustering.
 *
 * @throws UserError `domains.few` if there are no documents
 */
export function driftOf(clustering: Clustering, tally: Tally): Drift {
  const documents = tally.clusters.reduce((sum, one) => sum + one.documents, 0);
  if (documents === 0) throw new UserError("domains.few", "Cannot assign: there are no documents", "give some text");
  const before = countsOf(clustering);
  const names = clustering.clusters.map(({ name }) => name);
  const clusters = tally.clusters.map((one, at): ClusterDrift => ({
    ...measuresOf(one, names),
    name: names[at]!,
    documents: one.documents,
    share: one.documents / documents,
    shareBefore: before[at]! / clustering.documents,
    far: one.far,
    distanceBefore: clustering.clusters[at]!.distance,
  }));
  const far = tally.clusters.reduce((sum, one) => sum + one.far, 0);
  const drift = {
    documents,
    clusters,
    far: {
      documents: far,
      share: far / documents,
      ...proportionInterval(far, documents),
      before: clustering.far / clustering.documents,
    },
    unknownTerms: tally.terms === 0 ? 1 : tally.unknownTerms / tally.terms,
    unknownTermsBefore: clustering.unknownTerms,
    divergence: divergenceOf(clusters),
    divergenceByChance: chanceOf(clusters.length, documents, clustering.documents),
    distance: distanceOf(clustering, before, tally),
  };
  return { ...drift, findings: findingsOf(drift, clustering.documents) };
}

/** Jensen–Shannon divergence with equal weights (Lin, 1991), in bits. */
function divergenceOf(clusters: readonly Pick<ClusterDrift, "share" | "shareBefore">[]): number {
  const part = (p: number, middle: number) => p === 0 ? 0 : p * Math.log2(p / middle);
  return clusters.reduce((sum, { share: p, shareBefore: q }) => {
    const middle = (p + q) / 2;
    return sum + (part(p, middle) + part(q, middle)) / 2;
  }, 0);
}

/** Its mean by chance: to second order it is χ² with k − 1 degrees of freedom, times (1/n + 1/m) / 8 nats. */
function chanceOf(count: number, n: number, m: number): number {
  return (count - 1) * (1 / n + 1 / m) / (8 * Math.LN2);
}

/**
 * Difference of the mean squared distances within clusters, weighted by the new documents of each, so that other shares
 * alone make none. The interval is that of a stratified mean: the new documents' variance within clusters is pooled, and
 * where there is none, it is the discovery's.
 */
function distanceOf(clustering: Clustering, before: readonly number[], tally: Tally): Drift["distance"] {
  const strata = tally.clusters.flatMap(({ documents: n, distance, distanceSquares }, at) => {
    const m = before[at]!;
    if (n === 0 || m === 0) return [];
    const { distance: then, distanceDeviation } = clustering.clusters[at]!;
    const now = distance / n;
    return [{
      n,
      m,
      now,
      then,
      squares: Math.max(0, distanceSquares - n * now ** 2),
      squaresThen: m * distanceDeviation ** 2,
    }];
  });
  const sum = (of: (stratum: (typeof strata)[number]) => number) => strata.reduce((total, one) => total + of(one), 0);
  const [n, m] = [sum((one) => one.n), sum((one) => one.m)];
  if (n === 0) return { difference: 0, low: 0, high: 0 };
  const difference = sum((one) => one.n * (one.now - one.then)) / n;
  const freedom = n - strata.length;
  const freedomThen = Math.max(1, m - strata.length);
  const variance = freedom > 0 ? sum((one) => one.squares) / freedom : sum((one) => one.squaresThen) / freedomThen;
  const error = Math.sqrt(
    variance / n + sum((one) => (one.n / n) ** 2 * one.squaresThen / (one.m * Math.max(1, one.m - 1))),
  );
  const halfWidth = error * studentQuantile(freedom > 0 ? Math.min(freedom, freedomThen) : freedomThen);
  return { difference, low: difference - halfWidth, high: difference + halfWidth };
}

function findingsOf(drift: Omit<Drift, "findings">, documentsBefore: number): string[] {
  const { clusters, documents, far, unknownTerms, unknownTermsBefore, divergence, distance } = drift;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const degrees = clusters.length - 1;
  const chi2 = clusters.reduce((sum, { share: p, shareBefore: q }) => {
    const middle = (p * documents + q * documentsBefore) / (documents + documentsBefore);
    return middle === 0 ? sum : sum + (p - q) ** 2 / (middle * (1 / documents + 1 / documentsBefore));
  }, 0);
  return [
    ...(chi2 > degrees + CLEARLY * Math.sqrt(2 * degrees)
      ? [
        `the clusters have other shares than at the discovery: a divergence of ${
          divergence.toFixed(3)
        } bits, more than ` +
        "chance explains",
      ]
      : []),
    ...(far.low > far.before
      ? [`more documents are near no center: ${percent(far.share)}, and ${percent(far.before)} at the discovery`]
      : []),
    ...(distance.low > 0
      ? [
        `documents are farther from their centers: by ${distance.difference.toFixed(3)} ` +
        `[${distance.low.toFixed(3)}, ${distance.high.toFixed(3)}] of squared distance`,
      ]
      : []),
    ...(unknownTerms > MORE_UNKNOWN.share && unknownTerms > MORE_UNKNOWN.times * unknownTermsBefore
      ? [`more terms are unknown: ${percent(unknownTerms)}, and ${percent(unknownTermsBefore)} at the discovery`]
      : []),
  ];
}
