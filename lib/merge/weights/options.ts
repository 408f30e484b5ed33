// The options of a merge: which a method takes, their defaults, and the ranges they must lie in.
import { UserError } from "../../errors.ts";
import { type MergeOptions, type OptionName, type Rescale, RESCALES, type WeightMethod } from "./method.ts";

/** What a caller may set; a single number stands for every model. */
export interface MergeSettings {
  /** A number a model. @default 1/n each (linear: 1) */
  readonly weights?: number | readonly number[] | undefined;
  /** Fraction of each task vector to keep, 0 to 1. @default 1 */
  readonly density?: number | readonly number[] | undefined;
  /** Fraction of largest elements that breadcrumbs drop, 0 to 1. @default 0.01 */
  readonly gamma?: number | readonly number[] | undefined;
  /** DELLA's half range of probabilities around density. @default 0.15 */
  readonly epsilon?: number | readonly number[] | undefined;
  /** Factor of the merged task vector. @default 1 */
  readonly lambda?: number | undefined;
  /** Whether to divide by the sum of weights. */
  readonly normalize?: boolean | undefined;
  readonly rescale?: Rescale | undefined;
  /** Where between the base (0) and the other model (1), for SLERP. @default 0.5 */
  readonly t?: number | undefined;
  /** Of random dropping. @default 1 */
  readonly seed?: number | undefined;
}

/**
 * The options of `method` for so many models.
 *
 * @throws UserError `merge.option` for an option that the method has not, or a value outside its range, by name
 */
export function resolveOptions(method: WeightMethod, settings: MergeSettings, models: number): MergeOptions {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && !Object.hasOwn(method.options, name)) {
      const taken = Object.keys(method.options).join(", ");
      throw wrong(`The method ${method.name} has no option ${name}: it takes ${taken}`);
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
  };
  checkRanges(method, options);
  return options;
}

function perModel(
  { options }: WeightMethod,
  settings: MergeSettings,
  name: "weights" | "density" | "gamma" | "epsilon",
  models: number,
): readonly number[] {
  const given = settings[name] ?? options[name] ?? 1;
  if (given === "1/n" || typeof given === "number") return Array(models).fill(given === "1/n" ? 1 / models : given);
  if (given.length !== models) {
    throw wrong(`${name} lists ${given.length} values for ${models} models: give one for each, or one for all`);
  }
  return given;
}

function checkRanges(method: WeightMethod, options: MergeOptions): void {
  const { weights, density, gamma, epsilon, lambda, normalize, rescale, t, seed } = options;
  for (const weight of weights) range("weights", weight, -Infinity, Infinity);
  for (const value of density) range("density", value, 0, 1);
  for (const value of gamma) range("gamma", value, 0, 1);
  range("lambda", lambda, -Infinity, Infinity);
  range("t", t, 0, 1);
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1) {
    throw wrong(`seed is ${seed}, and must be a whole number from 0 to ${2 ** 32 - 1}`);
  }
  if (!RESCALES.includes(rescale)) throw wrong(`rescale is "${rescale}", and must be one of ${RESCALES.join(", ")}`);
  if (rescale === "probability" && method.options.seed === undefined) {
    throw wrong(`rescale is "probability", but ${method.name} drops nothing at random`);
  }
  if (has(method, "epsilon")) checkEpsilon(density, epsilon);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (method.name === "linear" && normalize && Math.abs(total) < 1e-8) {
    throw wrong(`weights [${weights.join(", ")}] sum to 0 and cannot be normalised`);
  }
}

function checkEpsilon(density: readonly number[], epsilon: readonly number[]): void {
  for (const [i, p] of density.entries()) {
    range("epsilon", epsilon[i]!, 0, 1);
    if (p > 0 && p < 1 && (p - epsilon[i]! <= 0 || p + epsilon[i]! >= 1)) {
      throw wrong(`density ${p} ± epsilon ${epsilon[i]} must lie within 0 and 1, for they are probabilities`);
    }
  }
}

function has(method: WeightMethod, option: OptionName): boolean {
  return Object.hasOwn(method.options, option);
}

function range(name: string, value: number, low: number, high: number): void {
  if (Number.isFinite(value) && value >= low && value <= high) return;
  const wanted = low === -Infinity ? "a finite number" : `from ${low} to ${high}`;
  throw wrong(`${name} is ${value}, and must be ${wanted}`);
}

function wrong(message: string): UserError {
  return new UserError("merge.option", message, "deno task merge --method <name> --help lists a method's options");
}
