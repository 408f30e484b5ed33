// Model soup: the uniform average of the weights (arXiv 2203.05482).
import { UserError } from "../errors.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";

/**
 * The uniform average of models of one shape, weight by weight, accumulated in float64.
 *
 * @throws UserError `merge.shape` when the models differ in names or shapes
 */
export function soup(models: readonly HostWeights[]): HostWeights {
  const [first, ...others] = models;
  if (first === undefined) throw new UserError("merge.empty", "Cannot average no models: give at least one");
  const average: Record<string, HostTensor> = {};
  for (const [name, { shape }] of Object.entries(first)) {
    for (const [i, other] of others.entries()) {
      const found = other[name];
      if (found === undefined || String(found.shape) !== String(shape)) {
        throw new UserError(
          "merge.shape",
          `Cannot average "${name}": it is [${shape}] in model 1 and [${found?.shape ?? "missing"}] in model ${i + 2}`,
        );
      }
    }
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
