// The interface of all weight merge methods: name, options, and a function that merges one tensor.
import type { Draws } from "./sparsify.ts";
import type { TensorSource } from "./source.ts";

/** How the kept elements of a task vector are scaled: to the old sum of magnitudes, by 1/probability, or not at all. */
export const RESCALES = ["l1", "probability", "none"] as const;
export type Rescale = (typeof RESCALES)[number];

/** All options of all methods, resolved; a list has one value per model. */
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
  readonly scale: number;
  readonly filterWise: boolean;
  readonly maxIter: number;
  readonly tol: number;
  readonly rowWise: boolean;
  readonly flatten: boolean;
  readonly selectTopk: number;
}

export type OptionName = keyof MergeOptions;

/** One tensor of every model. */
export interface TensorInputs {
  readonly base: TensorSource | undefined;
  /** Without the base, unless it is one of the models. */
  readonly models: readonly TensorSource[];
  /** Uniform random numbers for the model at this index. */
  readonly draws: (model: number) => Draws;
  /** About how many elements of a tensor to hold in memory at once. */
  readonly piece: number;
}

/** A method that merges models weight by weight. */
export interface WeightMethod {
  /** Its name in mergekit. */
  readonly name: string;
  readonly title: string;
  /** A sentence or two for `--help`. */
  readonly description: string;
  readonly source: string;
  /** The options it reads, with defaults; a list's default applies to every model. */
  readonly options: {
    readonly [Name in OptionName]?: MergeOptions[Name] extends readonly number[] ? number | "1/n" : MergeOptions[Name];
  };
  /** Whether it needs the model that the others were trained from, or can use it. */
  readonly base: boolean | "optional";
  /** How many models it takes besides the base. */
  readonly models: { readonly least: number; readonly most: number };
  /** Yields the merged tensor in pieces, each valid until the next. */
  readonly merge: (inputs: TensorInputs, options: MergeOptions) => Generator<Float32Array>;
}
