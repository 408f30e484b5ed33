// mergekit's parameters of each method, and the options that they are here.
import type { OptionName, WeightMethod } from "../weights/method.ts";
import type { MergeSettings } from "../weights/options.ts";
import { evaluate, type Parameters, type Scalar } from "./setting.ts";

/** A parameter of mergekit. */
export interface ParameterKind {
  readonly option: OptionName;
  readonly type: "number" | "boolean";
  /** Whether each model may have a value of its own. */
  readonly perModel: boolean;
}

const number = (option: OptionName, perModel = false): ParameterKind => ({ option, type: "number", perModel });
const flag = (option: OptionName): ParameterKind => ({ option, type: "boolean", perModel: false });

const KINDS: Readonly<Record<string, ParameterKind>> = {
  weight: number("weights", true),
  density: number("density", true),
  gamma: number("gamma", true),
  epsilon: number("epsilon", true),
  scale: number("scale", true),
  lambda: number("lambda"),
  t: number("t"),
  max_iter: number("maxIter"),
  tol: number("tol"),
  select_topk: number("selectTopk"),
  normalize: flag("normalize"),
  rescale: flag("rescale"),
  filter_wise: flag("filterWise"),
  nuslerp_row_wise: flag("rowWise"),
  nuslerp_flatten: flag("flatten"),
};

/** The parameters of a method by their names in mergekit. */
export function parametersOf({ options }: WeightMethod): Readonly<Record<string, ParameterKind>> {
  return Object.fromEntries(Object.entries(KINDS).filter(([, { option }]) => Object.hasOwn(options, option)));
}

/**
 * The settings of a merge for one tensor.
 *
 * @param shared parameters for all models, the first of which come first
 * @param own those of each model, which come before the shared ones, and the tensor's name there
 * @param position of the tensor's layer, from 0 to 1
 * @throws Error naming a model without a weight
 */
export function settingsFor(
  method: WeightMethod,
  shared: readonly Parameters[],
  own: readonly { readonly model: string; readonly parameters: Parameters; readonly tensor: string }[],
  tensor: string,
  position: number,
  missing: (parameter: string, model: string) => Error,
): MergeSettings {
  const settings: Record<string, unknown> = {};
  for (const [name, { option, perModel }] of Object.entries(parametersOf(method))) {
    const valueIn = (levels: readonly Parameters[], tensor: string) => {
      for (const parameters of levels) {
        const value = Object.hasOwn(parameters, name) ? evaluate(parameters[name]!, tensor, position) : undefined;
        if (value !== undefined) return value;
      }
      return undefined;
    };
    if (!perModel) {
      const common = valueIn(shared, tensor);
      if (common !== undefined) settings[option] = option === "rescale" ? (common ? "l1" : "none") : common;
      continue;
    }
    const preset = name === "weight" ? undefined : method.options[option];
    const listed = own.map(({ model, parameters, tensor }): Scalar => {
      const filled = valueIn([parameters, ...shared], tensor) ?? preset;
      if (typeof filled !== "number") throw missing(name, model);
      return filled;
    });
    // Passthrough takes one model, and so one scale.
    settings[option] = option === "scale" ? listed[0] : listed;
  }
  return settings as MergeSettings;
}
