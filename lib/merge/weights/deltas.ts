// Merging by task vectors δ_i = θ_i − θ_base: sparsify, weight, optionally elect signs, add to the base. One engine for task
// arithmetic, TIES, DARE, DELLA and breadcrumbs, in float32 with mergekit's order of operations.
import type { MergeOptions, TensorInputs, WeightMethod } from "./method.ts";
import { buffer, ranges, sizeOf, type TensorSource } from "./source.ts";
import {
  dropExtremes,
  keepAtRandom,
  keepByRank,
  keepLargest,
  rankedUnit,
  rescaledToSum,
  type Sparsifier,
} from "./sparsify.ts";

/** A method of this family. */
export interface DeltaMethod extends Pick<WeightMethod, "name" | "title" | "description" | "source" | "options"> {
  readonly sparsify: "none" | "largest" | "no-extremes" | "random" | "by-rank";
  /** Whether only the deltas with the elected sign count, per element. */
  readonly elect: boolean;
}

/** Makes a merge method from its description. */
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
  const scratch = buffer(Float32Array);
  const deltasOf = (model: TensorSource) =>
    function* () {
      for (const [begin, end] of pieces()) yield deltaOf(base.read(begin, end), model.read(begin, end), scratch);
    };
  const models = inputs.models.map((model, i) => ({
    model,
    weight: Math.fround(options.weights[i]!),
    drop: sparsifierOf(kind.sparsify, deltasOf(model), base.shape, inputs, options, i)(),
    scratch: buffer(Float32Array),
  }));
  const weights = models.map(({ weight }) => weight);
  const [sum, divisor, all] = [buffer(Float32Array), buffer(Float32Array), buffer(Float32Array)];
  for (const [begin, end] of pieces()) {
    const start = base.read(begin, end);
    const deltas = models.map(({ model, weight, drop, scratch }) => {
      const values = deltaOf(start, model.read(begin, end), scratch);
      drop(values);
      for (let j = 0; j < values.length; j++) values[j]! *= weight;
      return values;
    });
    const merged = sum(end - begin);
    addAll(deltas, weights, merged, divisor(end - begin));
    if (kind.elect) {
      const elected = all(end - begin);
      elected.set(merged);
      addElected(deltas, weights, elected, merged, divisor(end - begin));
    }
    finish(start, merged, divisor(end - begin), options);
    yield merged;
  }
}

/** The differences of a model's values from the base's, in a scratch array. */
export function deltaOf(
  base: Float32Array,
  model: Float32Array,
  scratch: (size: number) => Float32Array,
): Float32Array {
  const values = scratch(base.length);
  for (let j = 0; j < values.length; j++) values[j] = model[j]! - base[j]!;
  return values;
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

/** Puts the sum of the weighted deltas into `sum`, and that of the weights into `divisor`; a sum near 0 becomes 1. */
function addAll(
  deltas: readonly Float32Array[],
  weights: readonly number[],
  sum: Float32Array,
  divisor: Float32Array,
): void {
  sum.fill(0);
  for (const delta of deltas) for (let j = 0; j < sum.length; j++) sum[j]! += delta[j]!;
  const total = weights.reduce((sum, weight) => Math.fround(sum + weight), 0);
  divisor.fill(Math.abs(total) < 1e-8 ? 1 : total);
}

/**
 * Like {@linkcode addAll}, but only for deltas that agree with the elected sign, the sign of `all`. A sum of 0 elects plus;
 * a delta of 0 agrees with neither sign.
 */
function addElected(
  deltas: readonly Float32Array[],
  weights: readonly number[],
  all: Float32Array,
  sum: Float32Array,
  divisor: Float32Array,
): void {
  sum.fill(0);
  divisor.fill(0);
  for (const [i, delta] of deltas.entries()) {
    const weight = weights[i]!;
    for (let j = 0; j < sum.length; j++) {
      const value = delta[j]!;
      if (all[j]! >= 0 ? value > 0 : value < 0) {
        sum[j]! += value;
        divisor[j]! += weight;
      }
    }
  }
  for (let j = 0; j < divisor.length; j++) if (divisor[j] === 0) divisor[j] = 1;
}

/** Turns the sum of deltas into `base + λ · sum`, or `base + λ · sum / divisor` if normalized. */
function finish(
  base: Float32Array,
  sum: Float32Array,
  divisor: Float32Array,
  { normalize, lambda }: MergeOptions,
): void {
  if (normalize) { for (let j = 0; j < sum.length; j++) sum[j]! /= divisor[j]!; }
  if (lambda !== 1) { for (let j = 0; j < sum.length; j++) sum[j]! *= lambda; }
  for (let j = 0; j < sum.length; j++) sum[j]! += base[j]!;
}
