// K-means with clusters of equal sizes, or of any.
import { type Random, random } from "../random.ts";
import { assignBalanced } from "./balance.ts";

/** Centers, and how points are assigned to them. */
export interface Centers {
  /** Row-major `[k, size]`. */
  readonly centers: Float64Array;
  /** Added to the squared distance of a point before the nearest center is chosen: `[k]`, 0 without balance. */
  readonly prices: Float64Array;
}

/** The result of k-means. */
export interface KMeans extends Centers {
  /** The cluster of each point. */
  readonly clusters: Int32Array;
  /** Sum of the points' squared distances from their centers. */
  readonly inertia: number;
  readonly iterations: number;
}

/** How to cluster. */
export interface KMeansOptions {
  readonly seed: number;
  /** Whether sizes differ by at most one point. @default true */
  readonly balanced?: boolean;
  /** Random starts, of which the best result is taken. @default 4, or 1 for more than 64 clusters */
  readonly starts?: number;
}

const MOST_ITERATIONS = 50;
/** A balanced assignment costs at most this share more than the best one. */
const BALANCE_TOLERANCE = 1e-4;

/**
 * K-means from k-means++ starts (Arthur and Vassilvitskii, 2007). With balance, every assignment gives all clusters the same
 * number of points, give or take one, at the least sum of squared distances, as C-BTM does (arXiv 2303.14177).
 *
 * @param points at least k of them, of one size
 */
export function kMeans(
  points: readonly Float64Array[],
  k: number,
  { seed, balanced = true, starts = k > 64 ? 1 : 4 }: KMeansOptions,
): KMeans {
  let best: KMeans | undefined;
  for (let start = 0; start < starts; start++) {
    const found = descend(points, firstCenters(points, k, random(seed, "k-means", start)), k, balanced);
    if (best === undefined || found.inertia < best.inertia) best = found;
  }
  return best!;
}

/** Squared distances of points from centers, row-major `[n, k]`. */
export function squaredDistances(points: readonly Float64Array[], centers: Float64Array): Float64Array {
  const size = points[0]?.length ?? 1;
  const k = centers.length / size;
  const distances = new Float64Array(points.length * k);
  points.forEach((point, i) => {
    for (let j = 0; j < k; j++) distances[i * k + j] = squaredDistance(point, centers, j * size);
  });
  return distances;
}

/** Squared distance of a point from the row of `centers` that starts at `from`. */
export function squaredDistance(point: Float64Array, centers: Float64Array, from = 0): number {
  let sum = 0;
  for (let i = 0; i < point.length; i++) sum += (point[i]! - centers[from + i]!) ** 2;
  return sum;
}

/** Alternates assignments and means, until no point moves. */
function descend(points: readonly Float64Array[], start: Float64Array, k: number, balanced: boolean): KMeans {
  let centers = start;
  let prices: Float64Array = new Float64Array(k);
  let clusters: Int32Array = new Int32Array(points.length).fill(-1);
  let inertia = Infinity;
  let iterations = 0;
  while (iterations < MOST_ITERATIONS) {
    iterations++;
    const distances = squaredDistances(points, centers);
    const nearest = nearestOf(distances, k);
    const found = balanced ? evenly(distances, nearest, k, prices) : { clusters: nearest, prices };
    const cost = costOf(distances, found.clusters, k);
    const moved = found.clusters.some((cluster, i) => cluster !== clusters[i]);
    // An assignment within the tolerance may be a little worse than the one before: that one is kept.
    if (!moved || cost >= inertia) break;
    ({ clusters, prices } = found);
    inertia = cost;
    centers = means(points, clusters, k, centers);
  }
  // The assignment belongs to the centers before the last means; points like these are assigned by the last ones.
  const distances = squaredDistances(points, centers);
  const nearest = nearestOf(distances, k);
  ({ clusters, prices } = balanced ? evenly(distances, nearest, k, prices) : { clusters: nearest, prices });
  inertia = costOf(distances, clusters, k);
  return { centers, prices, clusters, inertia, iterations };
}

function costOf(distances: Float64Array, clusters: Int32Array, k: number): number {
  return clusters.reduce((sum, cluster, i) => sum + distances[i * k + cluster]!, 0);
}

/** Equal sizes; where they do not divide evenly, the clusters that are nearest to the most points have one more. */
function evenly(distances: Float64Array, nearest: Int32Array, k: number, prices: Float64Array) {
  const n = nearest.length;
  const wanted = new Float64Array(k);
  for (const cluster of nearest) wanted[cluster]!++;
  const order = Array.from({ length: k }, (_, j) => j).sort((a, b) => wanted[b]! - wanted[a]! || a - b);
  const sizes = new Int32Array(k).fill(Math.floor(n / k));
  for (const j of order.slice(0, n % k)) sizes[j]!++;
  const mean = costOf(distances, nearest, k) / n;
  return assignBalanced(distances, sizes, BALANCE_TOLERANCE * Math.max(mean, 1e-9), prices);
}

function nearestOf(distances: Float64Array, k: number): Int32Array {
  return Int32Array.from({ length: distances.length / k }, (_, i) => {
    let best = 0;
    for (let j = 1; j < k; j++) if (distances[i * k + j]! < distances[i * k + best]!) best = j;
    return best;
  });
}

/** The mean of each cluster; an empty one keeps its center. */
function means(points: readonly Float64Array[], clusters: Int32Array, k: number, before: Float64Array): Float64Array {
  const size = points[0]!.length;
  const sums = new Float64Array(k * size);
  const counts = new Float64Array(k);
  points.forEach((point, at) => {
    const j = clusters[at]!;
    counts[j]!++;
    for (let i = 0; i < size; i++) sums[j * size + i]! += point[i]!;
  });
  return sums.map((sum, at) =>
    counts[Math.floor(at / size)]! === 0 ? before[at]! : sum / counts[Math.floor(at / size)]!
  );
}

/** K-means++: each further center is a point, drawn by its squared distance from the nearest one so far. */
function firstCenters(points: readonly Float64Array[], k: number, draw: Random): Float64Array {
  const size = points[0]!.length;
  const centers = new Float64Array(k * size);
  const nearest = new Float64Array(points.length).fill(Infinity);
  let chosen = draw.int(points.length);
  for (let j = 0; j < k; j++) {
    centers.set(points[chosen]!, j * size);
    let total = 0;
    for (let i = 0; i < points.length; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(points[i]!, centers, j * size));
      total += nearest[i]!;
    }
    let left = draw.float() * total;
    chosen = draw.int(points.length);
    for (let i = 0; i < points.length && total > 0; i++) {
      left -= nearest[i]!;
      if (left < 0) {
        chosen = i;
        break;
      }
    }
  }
  return centers;
}
