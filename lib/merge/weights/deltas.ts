// Merging by task vectors δ_i = θ_i − θ_base: sparsify each, weigh, elect signs or not, add to the base. One engine for
// task arithmetic, TIES, DARE, DELLA and breadcrumbs, in float32 with mergekit's order of operations.
import type { MergeOptions, TensorInputs, WeightMethod } from "./method.ts";
import { ranges, sizeOf, type TensorSource } from "./source.ts";
import {
  dropExtremes,
  keepAtRandom,
  keepByRank,
  keepLargest,
  rankedUnit,
  rescaledToSum,
  type Sparsifier,
} from "./sparsify.ts";

/** What a method of this family consists of. */
export interface DeltaMethod extends Pick<WeightMethod, "name" | "title" | "description" | "source" | "options"> {
  readonly sparsify: "none" | "largest" | "no-extremes" | "random" | "by-rank";
  /** Whether only the deltas of the majority's sign count, for each element. */
  readonly elect: boolean;
}

/** The method as others know it. */
export function deltaMethod({ sparsify, elect, ...method }: DeltaMethod): WeightMethod {
  return {
    ...method,
    base: true,
    models: { least: 1, most: Infinity },
    merge: (inputs, options) => mergeDeltas({ sparsify, elect }, inputs, options),
  };
}

function* mergeDeltas(
  kind: Pick<DeltaMethod, "sparsify" | "elect">,
  inputs: TensorInputs,
  options: MergeOptions,
): Generator<Float32Array> {
  const base = inputs.base!;
  const { columns, stride } = kind.sparsify === "by-rank" ? rankedUnit(base.shape) : { columns: 1, stride: 1 };
  const pieces = () => ranges(sizeOf(base.shape), inputs.piece, columns * stride);
  const deltasOf = (model: TensorSource) =>
    function* () {
      for (const [begin, end] of pieces()) yield deltaOf(base.read(begin, end), model.read(begin, end));
    };
  const droppers = inputs.models.map((model, i) =>
    sparsifierOf(kind.sparsify, deltasOf(model), base.shape, inputs, options, i)()
  );
  const weights = options.weights.map(Math.fround);
  for (const [begin, end] of pieces()) {
    const start = base.read(begin, end);
    const deltas = inputs.models.map((model, i) => {
      const delta = deltaOf(start, model.read(begin, end));
      droppers[i]!(delta);
      const weight = weights[i]!;
      for (let j = 0; j < delta.length; j++) delta[j]! *= weight;
      return delta;
    });
    yield combine(start, deltas, weights, kind.elect, options);
  }
}

function deltaOf(base: Float32Array, model: Float32Array): Float32Array<ArrayBuffer> {
  const delta = new Float32Array(base.length);
  for (let j = 0; j < delta.length; j++) delta[j] = model[j]! - base[j]!;
  return delta;
}

function sparsifierOf(
  kind: DeltaMethod["sparsify"],
  pieces: () => Iterable<Float32Array>,
  shape: readonly number[],
  { draws }: TensorInputs,
  { density, gamma, epsilon, rescale }: MergeOptions,
  model: number,
): Sparsifier {
  const [size, p] = [sizeOf(shape), density[model]!];
  const divide = rescale === "probability";
  const sparsifiers: Readonly<Record<DeltaMethod["sparsify"], () => Sparsifier>> = {
    "none": () => () => () => {},
    "largest": () => keepLargest(pieces, size, p),
    "no-extremes": () => dropExtremes(pieces, size, p, gamma[model]!),
    "random": () => keepAtRandom(draws(model), p, divide),
    "by-rank": () => keepByRank(draws(model), shape, p, epsilon[model]!, divide),
  };
  const sparsifier = sparsifiers[kind]();
  return rescale === "l1" && p > 0 && p < 1 ? rescaledToSum(pieces, sparsifier) : sparsifier;
}

/** `base + λ Σ δ_i` over all models, or those that agree with the elected sign; normalised, over the sum of weights. */
function combine(
  base: Float32Array,
  deltas: readonly Float32Array[],
  weights: readonly number[],
  elect: boolean,
  { normalize, lambda }: MergeOptions,
): Float32Array {
  const merged = new Float32Array(base.length);
  const total = weights.reduce((sum, weight) => Math.fround(sum + weight), 0);
  const count = deltas.length;
  for (let j = 0; j < merged.length; j++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = Math.fround(sum + deltas[i]![j]!);
    let divisor = total;
    if (elect) {
      // A sum of 0 elects plus; a delta of 0 has no sign and agrees with none.
      const positive = sum >= 0;
      sum = divisor = 0;
      for (let i = 0; i < count; i++) {
        const delta = deltas[i]![j]!;
        if (positive ? delta > 0 : delta < 0) {
          sum = Math.fround(sum + delta);
          divisor = Math.fround(divisor + weights[i]!);
        }
      }
      if (divisor === 0) divisor = 1;
    } else if (Math.abs(divisor) < 1e-8) divisor = 1;
    if (normalize) sum = Math.fround(sum / divisor);
    merged[j] = base[j]! + Math.fround(lambda * sum);
  }
  return merged;
}
