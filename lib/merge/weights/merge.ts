// Merging whole models in memory, tensor by tensor.
import { UserError } from "../../errors.ts";
import type { HostTensor, HostWeights } from "../../model/mod.ts";
import { random } from "../../random.ts";
import type { MergeOptions, TensorInputs, WeightMethod } from "./method.ts";
import { weightMethod } from "./methods.ts";
import { type MergeSettings, resolveOptions } from "./options.ts";
import { type NamedTensors, sharedTensors } from "./shared.ts";
import { inMemory, sizeOf } from "./source.ts";

/** About how many elements of each model's tensor are in memory at once: 4 MB in float32. */
export const PIECE = 1 << 20;

/** The models of a merge. */
export interface ModelsToMerge<Model> {
  /** The model that the others were trained from, for methods that use differences; the first of two for SLERP. */
  readonly base?: Model | undefined;
  readonly models: readonly Model[];
}

/**
 * Merges models of one shape weight by weight.
 *
 * @param name the method's name in mergekit ({@linkcode weightMethod})
 * @throws UserError `merge.method`, `merge.option`, `merge.models`, `merge.shape`
 *
 * @example
 * ```ts
 * import { mergeWeights } from "@stitchbook/stitchbook/merge";
 * import assert from "node:assert/strict";
 *
 * const weights = (...values: number[]) => ({ "w": { shape: [values.length], data: Float32Array.from(values) } });
 * const models = { base: weights(0, 0), models: [weights(1, 0), weights(0, 2)] };
 * const merged = mergeWeights("task-arithmetic", models, { lambda: 1 });
 * assert.deepEqual([...merged["w"]!.data], [0.5, 1]); // the mean of the differences
 * ```
 */
export function mergeWeights(
  name: string,
  { base, models }: ModelsToMerge<HostWeights>,
  settings: MergeSettings = {},
): HostWeights {
  const method = weightMethod(name);
  checkModels(method, { base, models });
  const options = resolveOptions(method, settings, models.length);
  const all = [...(base === undefined ? [] : [base]), ...models];
  checkSameShapes(all, base !== undefined);
  const shared = "seed" in method.options ? sharedTensors(Object.keys(all[0]!), all.map(named)) : undefined;
  const merged: Record<string, HostTensor> = {};
  for (const [tensor, { shape }] of Object.entries(all[0]!)) {
    const source = (model: HostWeights) => inMemory(model[tensor]!);
    const inputs = { base: base === undefined ? undefined : source(base), models: models.map(source) };
    const data = new Float32Array(sizeOf(shape));
    let at = 0;
    for (const piece of mergeTensor(method, shared?.get(tensor) ?? tensor, inputs, options)) {
      data.set(piece, at);
      at += piece.length;
    }
    merged[tensor] = { shape, data };
  }
  return merged;
}

function named(model: HostWeights): NamedTensors {
  return {
    shapes: new Map(Object.entries(model).map(([name, { shape }]) => [name, shape])),
    read: (name, begin, end) => model[name]!.data.subarray(begin, end),
  };
}

/**
 * One merged tensor in pieces, each valid until the next. Random draws depend only on the seed, `name` and the model's
 * index.
 *
 * @param name the tensor's name, or that of the tensor it is a copy of ({@linkcode sharedTensors})
 * @param piece about how many elements to hold in memory at once
 */
export function mergeTensor(
  method: WeightMethod,
  name: string,
  inputs: Pick<TensorInputs, "base" | "models">,
  options: MergeOptions,
  piece: number = PIECE,
): Generator<Float32Array> {
  const draws: TensorInputs["draws"] = (model) => () => random(options.seed, "merge", name, model).float;
  return method.merge({ ...inputs, draws, piece }, options);
}

/**
 * Checks the number of models and whether there is a base.
 *
 * @throws UserError `merge.models`
 */
export function checkModels(
  { name, base: needed, models: { least, most } }: WeightMethod,
  given: ModelsToMerge<unknown>,
) {
  const wrong = (message: string, hint: string) => new UserError("merge.models", message, hint);
  const { base, models } = given;
  if (needed === true && base === undefined) {
    throw wrong(
      `The method ${name} needs a base, the model that the others were trained from`,
      "give --base, or base_model in a mergekit file",
    );
  }
  if (!needed && base !== undefined) {
    throw wrong(`The method ${name} takes no base`, "list it among the models to include it");
  }
  if (models.length < least || models.length > most) {
    const wanted = least === most ? `exactly ${least}` : `at least ${least}`;
    const besides = base === undefined ? "" : " besides the base";
    throw wrong(
      `The method ${name} takes ${wanted} model${wanted.endsWith(" 1") ? "" : "s"}${besides}, not ${models.length}`,
      "deno task merge --help lists the methods and what they take",
    );
  }
}

/** All models must have the same tensors in the same shapes. */
function checkSameShapes(models: readonly HostWeights[], hasBase: boolean): void {
  const label = (i: number) => hasBase ? (i === 0 ? "the base" : `model ${i}`) : `model ${i + 1}`;
  for (const [i, model] of models.entries()) {
    for (const [name, { shape }] of Object.entries(model)) {
      for (const [j, other] of models.entries()) {
        const found = Object.hasOwn(other, name) ? other[name]!.shape : "missing";
        if (String(found) === String(shape)) continue;
        const what = `it is [${shape}] in ${label(i)} and [${found}] in ${label(j)}`;
        throw new UserError(
          "merge.shape",
          `Cannot merge "${name}": ${what}`,
          "Only models of one shape can be merged weight by weight",
        );
      }
    }
  }
}
