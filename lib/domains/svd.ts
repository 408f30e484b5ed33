// Truncated singular value decomposition of a sparse matrix, and of points in a plane.
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { random } from "../random.ts";
import type { SparseRow } from "./tf-idf.ts";

/** The leading right singular vectors of a matrix `[n, m]`. */
export interface TruncatedSvd {
  /** Singular values in descending order. */
  readonly values: Float64Array;
  /** Row-major `[m, d]`: one column for each singular value, its largest entry positive. */
  readonly vectors: Float64Array;
  /** d, which is less than asked for if the matrix has a lower rank. */
  readonly size: number;
}

const OVERSAMPLING = 20;
const ITERATIONS = 8;
/** Directions with a smaller share of the largest eigenvalue are noise of rounding. */
const RANK_TOLERANCE = 1e-12;

/**
 * The leading singular vectors of a sparse matrix by randomized subspace iteration (Halko, Martinsson and Tropp, arXiv
 * 0909.4061), in double precision.
 *
 * @param rows the matrix `[n, m]`
 * @param m its columns
 * @param size singular vectors wanted
 * @param seed of the random start
 */
export function truncatedSvd(rows: readonly SparseRow[], m: number, size: number, seed: number): TruncatedSvd {
  const draw = random(seed, "svd");
  const n = rows.length;
  // The basis spans a space of the smaller side, where it is cheaper to keep orthonormal.
  const tall = n > m, side = tall ? m : n, other = tall ? n : m;
  const there = (x: Float64Array, width: number) =>
    tall ? product(rows, x, width) : transposedProduct(rows, x, m, width);
  const back = (x: Float64Array, width: number) =>
    tall ? transposedProduct(rows, x, m, width) : product(rows, x, width);
  const start = Math.min(size + OVERSAMPLING, side);
  let basis = orthonormal(Float64Array.from({ length: side * start }, () => draw.normal()), start);
  for (let i = 0; i < ITERATIONS; i++) {
    const width = basis.length / side;
    const image = back(there(basis, width), width);
    basis = i + 1 < ITERATIONS ? whitened(image, width) : orthonormal(image, width);
  }
  const width = basis.length / side;
  const image = there(basis, width);
  const { values, vectors } = eigen(gram(image, width), width);
  const kept = Math.min(size, values.length);
  const rotated = times(tall ? basis : image, vectors, width, kept);
  if (!tall) { for (let at = 0; at < other * kept; at++) rotated[at]! /= Math.sqrt(values[at % kept]!); }
  return {
    values: Float64Array.from(values.subarray(0, kept), Math.sqrt),
    vectors: withSigns(rotated, kept),
    size: kept,
  };
}

/**
 * The two principal components of points, by their covariance.
 *
 * @param points rows of `size` numbers
 * @returns their mean `[size]`, and the components, row-major `[size, 2]`; a missing one is 0
 */
export function principalPlane(
  points: readonly Float64Array[],
  size: number,
): { readonly mean: Float64Array; readonly components: Float64Array } {
  const mean = new Float64Array(size);
  for (const point of points) for (let i = 0; i < size; i++) mean[i]! += point[i]! / points.length;
  const centered = new Float64Array(points.length * size);
  points.forEach((point, at) => {
    for (let i = 0; i < size; i++) centered[at * size + i] = point[i]! - mean[i]!;
  });
  const { vectors, values } = eigen(gram(centered, size), size);
  const kept = Math.min(2, values.length);
  const components = new Float64Array(size * 2);
  for (let i = 0; i < size; i++) for (let j = 0; j < kept; j++) components[i * 2 + j] = vectors[i * values.length + j]!;
  return { mean, components: withSigns(components, 2) };
}

/** A x, row-major `[n, width]`, for x `[m, width]`. */
function product(rows: readonly SparseRow[], x: Float64Array, width: number): Float64Array {
  const y = new Float64Array(rows.length * width);
  rows.forEach(({ indices, values }, row) => {
    const to = row * width;
    for (let at = 0; at < indices.length; at++) {
      const value = values[at]!, from = indices[at]! * width;
      for (let j = 0; j < width; j++) y[to + j]! += value * x[from + j]!;
    }
  });
  return y;
}

/** Aᵀ y, row-major `[m, width]`, for y `[n, width]`. */
function transposedProduct(rows: readonly SparseRow[], y: Float64Array, m: number, width: number): Float64Array {
  const z = new Float64Array(m * width);
  rows.forEach(({ indices, values }, row) => {
    const from = row * width;
    for (let at = 0; at < indices.length; at++) {
      const value = values[at]!, to = indices[at]! * width;
      for (let j = 0; j < width; j++) z[to + j]! += value * y[from + j]!;
    }
  });
  return z;
}

/** xᵀ x, `[width, width]`. */
function gram(x: Float64Array, width: number): Float64Array {
  const g = new Float64Array(width * width);
  for (let from = 0; from < x.length; from += width) {
    for (let i = 0; i < width; i++) {
      const value = x[from + i]!;
      if (value === 0) continue;
      for (let j = i; j < width; j++) g[i * width + j]! += value * x[from + j]!;
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) g[i * width + j] = g[j * width + i]!;
  return g;
}

/** x `[m, width]` times the first `columns` columns of `w`, which has `width` rows. */
function times(x: Float64Array, w: Float64Array, width: number, columns: number): Float64Array {
  const stride = w.length / width;
  const y = new Float64Array(x.length / width * columns);
  for (let row = 0; row * width < x.length; row++) {
    for (let i = 0; i < width; i++) {
      const value = x[row * width + i]!;
      for (let j = 0; j < columns; j++) y[row * columns + j]! += value * w[i * stride + j]!;
    }
  }
  return y;
}

/** An orthonormal basis of the columns of x `[m, width]`, without those that depend on others. Done twice for precision. */
function orthonormal(x: Float64Array, width: number): Float64Array {
  const once = whitened(x, width);
  return whitened(once, once.length / (x.length / width));
}

function whitened(x: Float64Array, width: number): Float64Array {
  const { values, vectors } = eigen(gram(x, width), width);
  const scaled = vectors.map((value, at) => value / Math.sqrt(values[at % values.length]!));
  return times(x, scaled, width, values.length);
}

/** Eigenvalues of a symmetric matrix in descending order, those above rounding, and their vectors as columns. */
function eigen(
  matrix: Float64Array,
  size: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  if (size === 0) return { values: new Float64Array(), vectors: new Float64Array() };
  const found = new EigenvalueDecomposition(Matrix.from1DArray(size, size, matrix), { assumeSymmetric: true });
  const order = Array.from({ length: size }, (_, at) => at)
    .sort((a, b) => found.realEigenvalues[b]! - found.realEigenvalues[a]!);
  const most = found.realEigenvalues[order[0]!]!;
  const kept = order.filter((at) => found.realEigenvalues[at]! > Math.max(0, RANK_TOLERANCE * most));
  const vectors = new Float64Array(size * kept.length);
  kept.forEach((from, to) => {
    for (let i = 0; i < size; i++) vectors[i * kept.length + to] = found.eigenvectorMatrix.get(i, from);
  });
  return { values: Float64Array.from(kept, (at) => found.realEigenvalues[at]!), vectors };
}

/** Flips columns so that the largest entry of each is positive: the decomposition leaves the sign open. */
function withSigns(x: Float64Array, columns: number): Float64Array {
  for (let j = 0; j < columns; j++) {
    let largest = 0;
    for (let at = j; at < x.length; at += columns) if (Math.abs(x[at]!) > Math.abs(largest)) largest = x[at]!;
    if (largest < 0) { for (let at = j; at < x.length; at += columns) x[at]! *= -1; }
  }
  return x;
}
