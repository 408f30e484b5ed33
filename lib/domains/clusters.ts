// Clusters in a space of documents: fitting them, and the place of a document among them.
import { UserError } from "../errors.ts";
import { type Centers, kMeans, squaredDistance } from "./k-means.ts";

/** Fitted clusters. */
export interface Clusters extends Centers {
  /** How many. */
  readonly count: number;
  /** The mean of all points that they were fitted to. */
  readonly mean: Float64Array;
}

/** Where a document is. */
export interface Place {
  /** The cluster that it is assigned to. */
  readonly cluster: number;
  /** Squared distance from that cluster's center. */
  readonly distance: number;
  /** No center is nearer than the mean of all documents, or nothing of the text is known. */
  readonly isFar: boolean;
  /** The weights of the clusters' models in C-BTM's ensemble, which sum to 1: `softmax(-distance² / 0.1)`. */
  readonly weights: Float64Array;
}

/** C-BTM's temperature. */
const TEMPERATURE = 0.1;

/** Documents that a domain needs: one each to train on, to validate on and to hold out. */
export const FEWEST_DOCUMENTS = 3;

/** The most clusters. */
export const MOST_CLUSTERS = 512;

/**
 * Fits clusters.
 *
 * @param points of the sample; zeros take no part
 * @returns the clusters, and that of each point; −1 for zeros
 * @throws UserError `domains.few` if there are too few different points
 */
export function fitClusters(
  points: readonly Float64Array[],
  count: number,
  options: { readonly seed: number; readonly balanced: boolean },
): { readonly clusters: Clusters; readonly members: Int32Array } {
  const known = points.flatMap((point, at) => isZero(point) ? [] : [at]);
  const different = new Set(known.map((at) => points[at]!.join())).size;
  if (different < count) {
    throw new UserError(
      "domains.few",
      `Cannot find ${count} clusters: there ${different === 1 ? "is" : "are"} only ${different} different ` +
        `document${different === 1 ? "" : "s"} by the terms that occur in at least two of them`,
      "Give more text, or ask for fewer clusters with --count",
    );
  }
  const used = known.map((at) => points[at]!);
  const { centers, prices, clusters } = kMeans(used, count, options);
  const mean = new Float64Array(used[0]!.length);
  for (const point of used) for (let i = 0; i < mean.length; i++) mean[i]! += point[i]! / used.length;
  const members = new Int32Array(points.length).fill(-1);
  known.forEach((at, i) => members[at] = clusters[i]!);
  return { clusters: { count, centers, prices, mean }, members };
}

/** Where a point is among clusters. */
export function placeOf({ count, centers, prices, mean }: Clusters, point: Float64Array): Place {
  const distances = new Float64Array(count);
  let cluster = 0, nearest = Infinity;
  for (let j = 0; j < count; j++) {
    distances[j] = squaredDistance(point, centers, j * point.length);
    nearest = Math.min(nearest, distances[j]!);
    if (distances[j]! + prices[j]! < distances[cluster]! + prices[cluster]!) cluster = j;
  }
  const weights = distances.map((distance) => Math.exp((nearest - distance) / TEMPERATURE));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    cluster,
    distance: distances[cluster]!,
    isFar: isZero(point) || nearest >= squaredDistance(point, mean),
    weights: weights.map((weight) => weight / total),
  };
}

/** The clusters in the order of their centers' distances from that of `cluster`, without itself. */
export function neighborsOf({ count, centers }: Clusters, cluster: number): number[] {
  const size = centers.length / count;
  const own = centers.subarray(cluster * size, (cluster + 1) * size);
  const distances = Array.from({ length: count }, (_, j) => squaredDistance(own, centers, j * size));
  return Array.from({ length: count }, (_, j) => j)
    .filter((j) => j !== cluster)
    .sort((a, b) => distances[a]! - distances[b]! || a - b);
}

export function isZero(point: Float64Array): boolean {
  return point.every((value) => value === 0);
}
