// The weighted average of weights: the soup (arXiv 2203.05482).
import type { WeightMethod } from "./method.ts";
import { ranges, sizeOf } from "./source.ts";

/** `Σ w_i θ_i`, divided by `Σ w_i` if normalized; accumulated in float64. */
export const linear: WeightMethod = {
  name: "linear",
  title: "Linear (soup)",
  description: "The weighted average of all models. List the seed among them to include it.",
  source: "arXiv 2203.05482",
  options: { weights: 1, normalize: true },
  base: false,
  models: { least: 1, most: Infinity },
  *merge({ models, piece }, { weights, normalize }) {
    const total = normalize ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
    for (const [begin, end] of ranges(sizeOf(models[0]!.shape), piece)) {
      const sums = new Float64Array(end - begin);
      for (const [i, model] of models.entries()) {
        const values = model.read(begin, end);
        const weight = weights[i]!;
        for (let j = 0; j < sums.length; j++) sums[j]! += weight * values[j]!;
      }
      const merged = new Float32Array(sums.length);
      for (let j = 0; j < sums.length; j++) merged[j] = sums[j]! / total;
      yield merged;
    }
  },
};
