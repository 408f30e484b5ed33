// The value of a parameter in a mergekit configuration: a scalar, a gradient over the layers, or either by tensor name.

/** A number or a boolean, the same for all tensors. */
export type Scalar = number | boolean;

/** One value, or several spread evenly from the first layer to the last. */
export type ScalarOrGradient = Scalar | readonly Scalar[];

/** A value for the tensors whose names contain `filter`; without a filter or with `*`, for all. */
export interface Conditional {
  readonly value: ScalarOrGradient;
  readonly filter?: string | undefined;
}

export type Setting = { readonly kind: "plain"; readonly value: ScalarOrGradient } | {
  readonly kind: "filtered";
  readonly values: readonly Conditional[];
};

/** The settings of a level of the configuration by the parameter's name in mergekit. */
export type Parameters = Readonly<Record<string, Setting>>;

/**
 * The value for a tensor, or undefined if no filter matches. Numbers are interpolated linearly between the entries of a
 * gradient; of booleans, the last entry at or before the position counts.
 *
 * @param position of the tensor's layer, from 0, the first, to 1, the last
 */
export function evaluate(setting: Setting, tensor: string, position: number): Scalar | undefined {
  if (setting.kind === "plain") return at(setting.value, position);
  const matching = setting.values.find(({ filter }) =>
    filter === undefined || filter === "*" || tensor.includes(filter)
  );
  return matching === undefined ? undefined : at(matching.value, position);
}

function at(value: ScalarOrGradient, position: number): Scalar | undefined {
  if (typeof value === "number" || typeof value === "boolean") return value;
  const place = position * (value.length - 1);
  const low = Math.floor(place);
  const [before, after] = [value[low], value[Math.min(value.length - 1, low + 1)]];
  if (typeof before !== "number" || typeof after !== "number") return before;
  return (1 - (place - low)) * before + (place - low) * after;
}
