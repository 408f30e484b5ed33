// Model soup: the uniform average of the weights (arXiv 2203.05482).
import { UserError } from "../errors.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";

/**
 * The uniform average of models of one shape, weight by weight, accumulated in float64.
 *
 * @throws UserError `merge.shape` when the models differ in names or shapes
 */
export function soup(models: readonly HostWeights[]): HostWeights {
  const first = models[0];
  if (first === undefined) throw new UserError("merge.empty", "Cannot average no models: give at least one");
  const average: Record<string, HostTensor> = {};
  for (const [i, model] of models.entries()) {
    for (const name of Object.keys(model)) checkSame(name, models, i);
  }
  for (const [name, { shape }] of Object.entries(first)) {
    const tensors = models.map((model) => model[name]!.data);
    const data = new Float32Array(tensors[0]!.length);
    for (let i = 0; i < data.length; i++) {
      let sum = 0;
      for (const tensor of tensors) sum += tensor[i]!;
      data[i] = sum / tensors.length;
    }
    average[name] = { shape, data };
  }
  return average;
}

/** Every model must have `name` as model `i` has it. */
function checkSame(name: string, models: readonly HostWeights[], i: number): void {
  const shape = models[i]![name]!.shape;
  for (const [j, other] of models.entries()) {
    const found = Object.hasOwn(other, name) ? other[name] : undefined;
    if (found === undefined || String(found.shape) !== String(shape)) {
      throw new UserError(
        "merge.shape",
        `Cannot average "${name}": it is [${shape}] in model ${i + 1} and [${found?.shape ?? "missing"}] in model ${
          j + 1
        }`,
      );
    }
  }
}
