// The Karcher mean: the point on the unit sphere with the least sum of squared angles to the models' directions.
import { addGram, type Gram } from "./gram.ts";
import type { WeightMethod } from "./method.ts";
import { ranges, sizeOf } from "./source.ts";

/**
 * The Karcher mean of the directions of the flattened tensors, times the mean of their lengths. The mean is a combination
 * of the tensors, so that its coefficients follow from their inner products alone: two passes over the files.
 */
export const karcher: WeightMethod = {
  name: "karcher",
  title: "Karcher mean",
  description: "The average of the models' directions on the sphere, tensor by tensor: SLERP for any number of models.",
  source: "arXiv 2603.04972",
  options: { maxIter: 10, tol: 1e-5 },
  base: false,
  models: { least: 1, most: Infinity },
  *merge({ models, piece }, { maxIter, tol }) {
    const pieces = () => ranges(sizeOf(models[0]!.shape), piece);
    const gram = new Float64Array(models.length ** 2);
    if (models.length > 1) {
      for (const [begin, end] of pieces()) {
        addGram(gram, models.map((model) => model.read(begin, end)), 0, end - begin);
      }
    }
    const factors = models.length === 1 ? [1] : karcherFactors(gram, models.length, maxIter, tol);
    for (const [begin, end] of pieces()) {
      const sums = new Float64Array(end - begin);
      for (const [i, model] of models.entries()) {
        const values = model.read(begin, end);
        for (let j = 0; j < sums.length; j++) sums[j]! += factors[i]! * values[j]!;
      }
      yield Float32Array.from(sums);
    }
  },
};

/**
 * The factor of each tensor in the mean.
 *
 * @param gram inner products of the tensors
 * @param tol tensors with a smaller norm have no direction; steps with a smaller length are the last
 */
function karcherFactors(gram: Gram, count: number, maxIter: number, tol: number): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  const norms = all.map((i) => Math.sqrt(gram[i * count + i]!));
  // A NaN has a norm, so that it shows in the merged tensor.
  const valid = all.filter((i) => !(norms[i]! <= tol));
  if (valid.length === 0) return all.map(() => 0);
  const cosine = (a: number, b: number) => a === b ? 1 : gram[a * count + b]! / (norms[a]! * norms[b]!);
  const dot = (x: readonly number[], y: readonly number[]) => {
    let sum = 0;
    for (const a of valid) for (const b of valid) sum += x[a]! * y[b]! * cosine(a, b);
    return sum;
  };
  const length = (x: readonly number[]) => Math.sqrt(Math.max(0, dot(x, x)));
  const unit = (of: number) => all.map((i) => i === of ? 1 : 0);
  // Coefficients of the unit vectors.
  let mean = all.map((i) => valid.includes(i) ? 1 / valid.length : 0);
  mean = length(mean) < tol ? unit(valid[0]!) : scaled(mean, 1 / length(mean));
  for (let step = 0; step < maxIter; step++) {
    const tangent = all.map(() => 0);
    for (const i of valid) {
      const near = Math.max(-1, Math.min(1, dot(mean, unit(i))));
      const angle = Math.acos(near);
      // Between opposite points there is no one shortest way.
      if (angle < tol || Math.PI - angle < tol) continue;
      const factor = angle / Math.sin(angle) / valid.length;
      for (const j of valid) tangent[j]! += factor * ((i === j ? 1 : 0) - near * mean[j]!);
    }
    const size = length(tangent);
    if (size < tol) break;
    mean = mean.map((value, i) => Math.cos(size) * value + Math.sin(size) / size * tangent[i]!);
    mean = scaled(mean, 1 / length(mean));
  }
  const scale = norms.reduce((sum, norm) => sum + norm, 0) / count;
  return all.map((i) => mean[i] === 0 ? 0 : scale * mean[i]! / norms[i]!);
}

function scaled(values: readonly number[], factor: number): number[] {
  return values.map((value) => factor * value);
}
