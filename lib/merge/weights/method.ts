// What every way of merging weight by weight has in common: its name, its options, and a function of one tensor.
import type { Draws } from "./sparsify.ts";
import type { TensorSource } from "./source.ts";

/** How what was kept of a task vector is scaled: to the sum of magnitudes before, by 1/probability, or not. */
export const RESCALES = ["l1", "probability", "none"] as const;
export type Rescale = (typeof RESCALES)[number];

/** All options of all methods, resolved; a list has one value a model. */
export interface MergeOptions {
  readonly weights: readonly number[];
  readonly density: readonly number[];
  readonly gamma: readonly number[];
  readonly epsilon: readonly number[];
  readonly lambda: number;
  readonly normalize: boolean;
  readonly rescale: Rescale;
  readonly t: number;
  readonly seed: number;
}

export type OptionName = keyof MergeOptions;

/** One tensor of every model. */
export interface TensorInputs {
  readonly base: TensorSource | undefined;
  /** Without the base, unless it is one of the models. */
  readonly models: readonly TensorSource[];
  /** Uniform numbers for the model of this place. */
  readonly draws: (model: number) => Draws;
  /** Elements of a tensor to have in memory at once, about. */
  readonly piece: number;
}

/** A way of merging models weight by weight. */
export interface WeightMethod {
  /** mergekit's name for it. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two for `--help`. */
  readonly description: string;
  readonly source: string;
  /** Options that it reads, with their defaults; a list's default stands for every model. */
  readonly options: {
    readonly [Name in OptionName]?: MergeOptions[Name] extends readonly number[] ? number | "1/n" : MergeOptions[Name];
  };
  /** Whether it needs the model that the others came from. */
  readonly base: boolean;
  /** How many models besides the base it takes. */
  readonly models: { readonly least: number; readonly most: number };
  /** The merged tensor in successive pieces, each good until the next. */
  readonly merge: (inputs: TensorInputs, options: MergeOptions) => Generator<Float32Array>;
}
