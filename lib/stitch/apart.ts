// Some of the experts of a stitched model as a stitched model of their own, with the same weights on the device.
import { disposeWeights, type Weights, weightShapes } from "../model/mod.ts";
import { stackPart } from "../tensor/mod.ts";
import type { FrozenModels } from "./frozen-models.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** The weights of stacked models, by model, made when some of them first run without the others. */
const apart = new WeakMap<FrozenModels["stacks"], readonly Weights[]>();

/**
 * The stitched model with some of its experts: as if the others had been removed. Its weights are those of the whole.
 *
 * @param experts numbers of experts, from 1, ascending; there may be none
 */
export function onlyExperts(model: StitchedModel, experts: readonly number[]): StitchedModel {
  let parts = known.get(model);
  if (parts === undefined) known.set(model, parts = new Map());
  const key = experts.join();
  let part = parts.get(key);
  if (part === undefined) {
    if (parts.size >= MOST_KNOWN) parts.clear();
    parts.set(key, part = partOf(model, experts));
  }
  return part;
}

/** What was asked for before: decoding asks again at every token. */
const known = new WeakMap<StitchedModel, Map<string, StitchedModel>>();
const MOST_KNOWN = 64;

function partOf(model: StitchedModel, experts: readonly number[]): StitchedModel {
  const weights = weightsApart(model);
  const numbers = new Map([0, ...experts].map((old, i) => [old, i]));
  const groups = model.groups.map((layer) =>
    layer.flatMap(({ models, graph }) => {
      const here = models.flatMap((one) => numbers.get(one) ?? []);
      return here.length === 0 ? [] : [{ models: here, graph }];
    })
  );
  return {
    config: model.config,
    hub: weights[0]!,
    experts: experts.map((expert) => weights[expert]!),
    places: model.places,
    layers: model.layers.map((layer) => ({
      ...layer,
      present: experts.map((expert) => layer.present[expert - 1]!),
    })),
    groups,
  };
}

/** The weights of hub and experts, one by one. */
function weightsApart({ config, hub, experts, stacks }: StitchedModel): readonly Weights[] {
  const whole = [hub, ...experts];
  if (stacks === undefined) return whole;
  let weights = apart.get(stacks);
  if (weights === undefined) {
    const layers = unstacked(stacks, weightShapes(config), whole.length);
    apart.set(stacks, weights = whole.map((others, i) => ({ ...others, ...layers[i]! })));
  }
  return weights;
}

function unstacked(
  stacks: FrozenModels["stacks"],
  shapes: ReadonlyMap<string, readonly number[]>,
  count: number,
): readonly Weights[] {
  const models = Array.from({ length: count }, (): Record<string, Weights[string]> => ({}));
  for (const { group, weights } of stacks.flat()) {
    for (const [name, tensor] of Object.entries(weights)) {
      // Models that share a weight have it once, without the dimension of a stack.
      const isStack = tensor.rank > shapes.get(name)!.length;
      group.models.forEach((model, i) => models[model]![name] = isStack ? stackPart(tensor, i) : tensor);
    }
  }
  return models;
}

/** Frees what {@linkcode onlyExperts} made of these stacks. */
export function disposeApart(stacks: FrozenModels["stacks"]): void {
  apart.get(stacks)?.forEach(disposeWeights);
  apart.delete(stacks);
}
