// SCE: select the elements that vary most between models, calculate weights, erase minority signs.
import { deltaOf } from "./deltas.ts";
import type { WeightMethod } from "./method.ts";
import { buffer, ranges, sizeOf } from "./source.ts";
import { keepCount, type Sparsifier } from "./sparsify.ts";

/** The least sum of weights to divide by. */
const NEGLIGIBLE = 1e-6;

/**
 * `base + Σ w_i δ_i / Σ w_i` per element, over the task vectors δ_i whose sign is that of their sum, with w_i the mean
 * square of δ_i in the tensor (arXiv 2408.07990 §3.2). First drops all but the fraction `selectTopk` of those elements
 * whose variance between the models is not 0, the ones of largest variance.
 */
export const sce: WeightMethod = {
  name: "sce",
  title: "SCE",
  description: "Keeps the elements that differ most between the models and weighs each model's tensor by its change.",
  source: "arXiv 2408.07990",
  options: { selectTopk: 1 },
  base: true,
  models: { least: 1, most: Infinity },
  *merge({ base, models, piece }, { selectTopk }) {
    const scratch = models.map(() => buffer(Float32Array));
    const pieces = function* () {
      for (const [begin, end] of ranges(sizeOf(base!.shape), piece)) {
        const start = base!.read(begin, end);
        const deltas = models.map((model, i) => deltaOf(start, model.read(begin, end), scratch[i]!));
        yield { start, deltas };
      }
    };
    const select = selection(function* () {
      for (const { deltas } of pieces()) yield variances(deltas);
    }, selectTopk);
    const selected = function* () {
      const drop = select?.();
      for (const { start, deltas } of pieces()) {
        if (drop !== undefined) {
          const kept = variances(deltas);
          drop(kept);
          for (const delta of deltas) for (let j = 0; j < delta.length; j++) if (kept[j] === 0) delta[j] = 0;
        }
        yield { start, deltas };
      }
    };
    const squares = models.map(() => 0);
    for (const { deltas } of selected()) {
      for (const [i, delta] of deltas.entries()) for (const value of delta) squares[i]! += value * value;
    }
    const weights = weightsOf(squares, sizeOf(base!.shape));
    for (const { start, deltas } of selected()) yield elected(start, deltas, weights);
  },
};

/** The sparsifier of the variances; undefined if it keeps all elements. */
function selection(pieces: () => Generator<Float32Array>, fraction: number): Sparsifier | undefined {
  if (fraction >= 1) return undefined;
  let nonzero = 0;
  for (const piece of pieces()) for (const value of piece) if (value !== 0) nonzero++;
  const count = Math.floor(nonzero * fraction);
  return count === 0 ? () => (piece) => void piece.fill(0) : keepCount(pieces, count);
}

/** The variance of each element between the task vectors. */
function variances(deltas: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(deltas[0]!.length);
  for (let j = 0; j < result.length; j++) {
    let sum = 0;
    for (const delta of deltas) sum += delta[j]!;
    const mean = sum / deltas.length;
    let squares = 0;
    for (const delta of deltas) squares += (delta[j]! - mean) ** 2;
    result[j] = squares / deltas.length;
  }
  return result;
}

/** Weights of the models from the sums of squares of their task vectors; equal if there is hardly any change. */
function weightsOf(squares: readonly number[], size: number): number[] {
  const means = squares.map((sum) => sum / size);
  const total = means.reduce((sum, mean) => sum + mean, 0);
  return means.map((mean) => Math.abs(total) < NEGLIGIBLE ? 1 / means.length : mean / total);
}

/** A sum of 0 elects plus; a delta of 0 agrees with neither sign. */
function elected(start: Float32Array, deltas: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const merged = new Float32Array(start.length);
  for (let j = 0; j < merged.length; j++) {
    let sum = 0;
    for (const delta of deltas) sum = Math.fround(sum + delta[j]!);
    let [weighted, total] = [0, 0];
    for (const [i, delta] of deltas.entries()) {
      const value = delta[j]!;
      // A NaN has no sign but must show.
      if (Number.isNaN(value) || (sum >= 0 ? value > 0 : value < 0)) {
        weighted += weights[i]! * value;
        total += weights[i]!;
      }
    }
    merged[j] = start[j]! + weighted / Math.max(total, NEGLIGIBLE);
  }
  return merged;
}
