// Model Stock: interpolates between the base and the average of the models by the angle between their task vectors.
import { deltaOf } from "./deltas.ts";
import { addGram, type Gram } from "./gram.ts";
import type { WeightMethod } from "./method.ts";
import { buffer, ranges, sizeOf, type TensorSource } from "./source.ts";

/** The least product of two norms to divide by, and the least denominator of t. */
const NEGLIGIBLE = 1e-6;

/**
 * `t · average + (1 − t) · base` with `t = N cos θ / (1 + (N − 1) cos θ)` for N models, where cos θ is the mean over all
 * pairs of task vectors (arXiv 2403.19522, eq. 5); t = 0 where the denominator vanishes.
 */
export const modelStock: WeightMethod = {
  name: "model_stock",
  title: "Model Stock",
  description: "From the base toward the average of the models, the further the more their task vectors agree.",
  source: "arXiv 2403.19522",
  options: { filterWise: false },
  base: true,
  models: { least: 2, most: Infinity },
  *merge({ base, models, piece }, { filterWise }) {
    const start = base!;
    const size = sizeOf(start.shape);
    const row = filterWise ? start.shape.at(-1) ?? 1 : size;
    const ofTensor = filterWise ? undefined : positionOf(gramOf(start, models, ranges(size, piece)), models.length);
    const scratch = models.map(() => buffer(Float32Array));
    for (const [begin, end] of ranges(size, piece, filterWise ? row : 1)) {
      const from = start.read(begin, end);
      const values = models.map((model) => model.read(begin, end));
      const deltas = filterWise ? values.map((value, i) => deltaOf(from, value, scratch[i]!)) : [];
      const merged = new Float32Array(end - begin);
      for (let first = 0; first < merged.length; first += row) {
        const last = Math.min(merged.length, first + row);
        const t = ofTensor ?? positionOf(gramIn(deltas, first, last), models.length);
        for (let j = first; j < last; j++) {
          let sum = 0;
          for (const value of values) sum += value[j]!;
          merged[j] = t * sum / models.length + (1 - t) * from[j]!;
        }
      }
      yield merged;
    }
  },
};

function gramOf(
  base: TensorSource,
  models: readonly TensorSource[],
  pieces: Iterable<readonly [number, number]>,
): Gram {
  const gram = new Float64Array(models.length ** 2);
  const scratch = models.map(() => buffer(Float32Array));
  for (const [begin, end] of pieces) {
    const from = base.read(begin, end);
    addGram(gram, models.map((model, i) => deltaOf(from, model.read(begin, end), scratch[i]!)), 0, end - begin);
  }
  return gram;
}

function gramIn(deltas: readonly Float32Array[], begin: number, end: number): Gram {
  const gram = new Float64Array(deltas.length ** 2);
  addGram(gram, deltas, begin, end);
  return gram;
}

/** t from the inner products of the task vectors. */
function positionOf(gram: Gram, count: number): number {
  let [sum, pairs] = [0, 0];
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const norms = Math.sqrt(gram[a * count + a]! * gram[b * count + b]!);
      sum += Math.max(-1, Math.min(1, gram[a * count + b]! / Math.max(norms, NEGLIGIBLE)));
      pairs++;
    }
  }
  const cosine = sum / pairs;
  const denominator = 1 + (count - 1) * cosine;
  return Math.abs(denominator) < NEGLIGIBLE ? 0 : count * cosine / denominator;
}
