// How new documents differ from those that a clustering was found in.
import { UserError } from "../errors.ts";
import { proportionInterval, studentQuantile } from "../statistics.ts";
import type { Clustering } from "./description.ts";
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
  /** Mean squared distance from the center, minus that of the discovery's documents, with its 95 % interval. */
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
  const before = countsBefore(clustering);
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

/** Documents of each cluster at the discovery, those near no center included. */
function countsBefore({ clusters, settings }: Clustering): number[] {
  return clusters.map(({ documents, far }) => documents + (settings.leaveFar ? far : 0));
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

/** Difference of the mean squared distances, with the interval of Welch. */
function distanceOf(clustering: Clustering, before: readonly number[], tally: Tally): Drift["distance"] {
  const now = momentsOf(tally.clusters.map((one) => ({ ...one, squares: one.distanceSquares })));
  const then = momentsOf(clustering.clusters.map(({ distance, distanceDeviation }, at) => ({
    documents: before[at]!,
    distance: distance * before[at]!,
    squares: (distanceDeviation ** 2 + distance ** 2) * before[at]!,
  })));
  const difference = now.mean - then.mean;
  const error = Math.sqrt(now.variance / now.n + then.variance / then.n);
  const halfWidth = error * studentQuantile(Math.max(1, Math.min(now.n, then.n) - 1));
  return { difference, low: difference - halfWidth, high: difference + halfWidth };
}

function momentsOf(
  parts: readonly { readonly documents: number; readonly distance: number; readonly squares: number }[],
) {
  const sum = (of: (part: (typeof parts)[number]) => number) => parts.reduce((total, part) => total + of(part), 0);
  const n = sum(({ documents }) => documents);
  const mean = sum(({ distance }) => distance) / n;
  return { n, mean, variance: Math.max(0, sum(({ squares }) => squares) / n - mean ** 2) };
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
