// The options of a merge: which ones a method takes, their defaults and their ranges.
import { UserError } from "../../errors.ts";
import { type MergeOptions, type OptionName, type Rescale, RESCALES, type WeightMethod } from "./method.ts";

/** Options as a caller sets them; a single number applies to every model. */
export interface MergeSettings {
  /** One weight per model. @default 1/n each (linear: 1) */
  readonly weights?: number | readonly number[] | undefined;
  /** Fraction of each task vector to keep, 0 to 1. @default 1 */
  readonly density?: number | readonly number[] | undefined;
  /** Fraction of the largest elements that breadcrumbs drop, 0 to 1. @default 0.01 */
  readonly gamma?: number | readonly number[] | undefined;
  /** Half the width of DELLA's range of probabilities around density. @default 0.15 */
  readonly epsilon?: number | readonly number[] | undefined;
  /** Scale of the merged task vector. @default 1 */
  readonly lambda?: number | undefined;
  /** Whether to divide by the sum of the weights. */
  readonly normalize?: boolean | undefined;
  readonly rescale?: Rescale | undefined;
  /** Position between the base (0) and the other model (1), for SLERP. @default 0.5 */
  readonly t?: number | undefined;
  /** Seed of random dropping. @default 1 */
  readonly seed?: number | undefined;
  /** Factor of all weights, for passthrough. @default 1 */
  readonly scale?: number | undefined;
  /** Whether Model Stock computes an angle per row instead of per tensor. @default false */
  readonly filterWise?: boolean | undefined;
  /** Maximum number of iterations for the Karcher mean. @default 10 */
  readonly maxIter?: number | undefined;
  /** Length of a step, in radians, at which the Karcher mean has converged. @default 1e-5 */
  readonly tol?: number | undefined;
  /** Whether NuSLERP, without `flatten`, interpolates along the first dimension instead of the last. @default false */
  readonly rowWise?: boolean | undefined;
  /** Whether NuSLERP interpolates each tensor as one vector. @default true */
  readonly flatten?: boolean | undefined;
  /** Fraction of the elements of largest variance that SCE keeps, 0 to 1. @default 1 */
  readonly selectTopk?: number | undefined;
}

/**
 * Fills in the defaults of `method` for a number of models, and checks all values.
 *
 * @throws UserError `merge.option` naming an option that the method does not have, or a value out of range
 */
export function resolveOptions(method: WeightMethod, settings: MergeSettings, models: number): MergeOptions {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && !Object.hasOwn(method.options, name)) {
      const taken = Object.keys(method.options).join(", ");
      throw optionError(method, `The method ${method.name} has no option ${name}: it takes ${taken}`);
    }
  }
  const list = (name: "weights" | "density" | "gamma" | "epsilon") => perModel(method, settings, name, models);
  const options: MergeOptions = {
    weights: list("weights"),
    density: list("density"),
    gamma: list("gamma"),
    epsilon: list("epsilon"),
    lambda: settings.lambda ?? method.options.lambda ?? 1,
    normalize: settings.normalize ?? method.options.normalize ?? false,
    rescale: settings.rescale ?? method.options.rescale ?? "none",
    t: settings.t ?? method.options.t ?? 0.5,
    seed: settings.seed ?? method.options.seed ?? 1,
    scale: settings.scale ?? method.options.scale ?? 1,
    filterWise: settings.filterWise ?? method.options.filterWise ?? false,
    maxIter: settings.maxIter ?? method.options.maxIter ?? 10,
    tol: settings.tol ?? method.options.tol ?? 1e-5,
    rowWise: settings.rowWise ?? method.options.rowWise ?? false,
    flatten: settings.flatten ?? method.options.flatten ?? true,
    selectTopk: settings.selectTopk ?? method.options.selectTopk ?? 1,
  };
  checkRanges(method, options);
  return options;
}

function perModel(
  method: WeightMethod,
  settings: MergeSettings,
  name: "weights" | "density" | "gamma" | "epsilon",
  models: number,
): readonly number[] {
  const given = settings[name] ?? method.options[name] ?? 1;
  if (given === "1/n" || typeof given === "number") return Array(models).fill(given === "1/n" ? 1 / models : given);
  if (given.length !== models) {
    const besides = method.base ? " besides the base" : "";
    throw optionError(
      method,
      `${name} lists ${given.length} values for ${models} models${besides}: give one per model, or one for all`,
    );
  }
  return given;
}

/** Options that are fractions. */
const FRACTIONS: readonly OptionName[] = ["density", "gamma", "epsilon", "t", "selectTopk", "tol"];

/** What a number must be for an option, as in `a number from 0 to 1`; undefined if it is. */
export function expectedNumber(option: OptionName, value: number): string | undefined {
  if (option === "maxIter") return Number.isInteger(value) && value >= 0 ? undefined : "a whole number from 0";
  if (!FRACTIONS.includes(option)) return Number.isFinite(value) ? undefined : "a finite number";
  return value >= 0 && value <= 1 ? undefined : "a number from 0 to 1";
}

function checkRanges(method: WeightMethod, options: MergeOptions): void {
  const { weights, density, epsilon, normalize, rescale, seed, rowWise, flatten } = options;
  const wrong = (message: string) => optionError(method, message);
  for (const [name, values] of Object.entries(options) as [OptionName, unknown][]) {
    for (const value of [values].flat()) {
      const expected = typeof value === "number" ? expectedNumber(name, value) : undefined;
      if (expected !== undefined) throw wrong(`${name} is ${value}: expected ${expected}`);
    }
  }
  if (rowWise && flatten) {
    throw wrong("rowWise has no effect on a tensor that is interpolated as one vector: set flatten to false");
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1) {
    throw wrong(`seed is ${seed}: expected a whole number from 0 to ${2 ** 32 - 1}`);
  }
  if (!RESCALES.includes(rescale)) throw wrong(`rescale is "${rescale}": expected one of ${RESCALES.join(", ")}`);
  if (rescale === "probability" && method.options.seed === undefined) {
    throw wrong(`rescale is "probability", but ${method.name} drops nothing at random`);
  }
  if (Object.hasOwn(method.options, "epsilon")) {
    for (const [i, p] of density.entries()) {
      if (p > 0 && p < 1 && (p - epsilon[i]! <= 0 || p + epsilon[i]! >= 1)) {
        throw wrong(`density ${p} ± epsilon ${epsilon[i]} are probabilities and must lie between 0 and 1`);
      }
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (method.name === "linear" && normalize && Math.abs(total) < 1e-8) {
    throw wrong(`weights [${weights.join(", ")}] sum to 0 and cannot be normalized`);
  }
}

function optionError({ name }: WeightMethod, message: string): UserError {
  return new UserError("merge.option", message, `deno task merge --method ${name} --help lists its options`);
}
