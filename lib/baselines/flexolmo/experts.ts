// The parameters of FlexOlmo: in each layer a router with a row and a bias for every model, the public one first, and the
// experts' feed-forwards. The public feed-forward is the seed's. Models are put together, and leave, by their rows.
import { UserError } from "../../errors.ts";
import type { HostTensor, HostWeights } from "../../model/mod.ts";
import { expertPrefix, mixedPlace } from "../mixture/config.ts";

/** A seed's weights as those of a mixture: its feed-forwards are model 0's. */
export function publicWeights(seed: HostWeights): HostWeights {
  return Object.fromEntries(Object.entries(seed).map(([name, tensor]) => [inMixture(name, 0) ?? name, tensor]));
}

/** The seed's feed-forwards as those of model 1, where an expert starts. */
export function copiedFeedForwards(seed: HostWeights): HostWeights {
  return Object.fromEntries(
    Object.entries(seed).flatMap(([name, tensor]) => {
      const copy = inMixture(name, 1);
      return copy === undefined ? [] : [[copy, tensor]];
    }),
  );
}

/** The name in a mixture of one model's weight; undefined if it is not part of a feed-forward. */
function inMixture(name: string, model: number): string | undefined {
  const place = mixedPlace(name, ["mlp"]);
  return place && expertPrefix(place.layer, "mlp", model) + place.rest;
}

/**
 * The parameters of one expert from its training: the public rows above its own, and `min(b, 0)` of its biases b.
 *
 * @param routers of the public model, `[1, d]` and `[1]`
 * @param trained the expert's feed-forwards, rows `[1, d]` and biases `[1]`
 */
export function besidePublic(routers: HostWeights, trained: HostWeights): HostWeights {
  return Object.fromEntries(
    Object.entries(trained).map(([name, { shape, data }]) => {
      if (!isRouter(name)) return [name, { shape, data }];
      const own = name.endsWith(".bias") ? data.map((b) => Math.min(b, 0)) : data;
      return [name, { shape: [2, ...shape.slice(1)], data: Float32Array.from([...routers[name]!.data, ...own]) }];
    }),
  );
}

/**
 * The parameters of several experts from those of each alone: the rows and feed-forwards are stacked, nothing is trained.
 *
 * @param branches of one expert each
 * @throws UserError `merge.weights` when they were trained beside different public models
 */
export function stackExperts(branches: readonly HostWeights[]): HostWeights {
  const [first, ...others] = branches;
  for (const name of Object.keys(first!).filter(isRouter)) {
    const row = rowOf(first!, name, 0);
    const other = others.findIndex((branch) => String(rowOf(branch, name, 0)) !== String(row));
    if (other < 0) continue;
    throw new UserError(
      "merge.weights",
      `Cannot join expert 1 and expert ${other + 2}: their rows of the public model differ in "${name}"`,
      "train both beside the same seed and public text",
    );
  }
  return gather([{ weights: first!, model: 0 }, ...branches.map((weights) => ({ weights, model: 1 }))]);
}

/**
 * The parameters without some experts: their rows, biases and feed-forwards are deleted, and nothing else changes.
 *
 * @param leaving numbers of experts, from 1; 0 is the public model
 */
export function withoutExperts(weights: HostWeights, leaving: readonly number[]): HostWeights {
  const models = weights[Object.keys(weights).find(isRouter)!]!.shape[0]!;
  const kept = Array.from({ length: models }, (_, model) => model).filter((model) => !leaving.includes(model));
  return gather(kept.map((model) => ({ weights, model })));
}

/** A mixture whose i-th model is the i-th of those picked from other mixtures. */
function gather(picks: readonly { readonly weights: HostWeights; readonly model: number }[]): HostWeights {
  const gathered: Record<string, HostTensor> = {};
  for (const name of Object.keys(picks[0]!.weights).filter(isRouter)) {
    const rows = picks.map(({ weights, model }) => rowOf(weights, name, model));
    const shape = [picks.length, ...picks[0]!.weights[name]!.shape.slice(1)];
    gathered[name] = { shape, data: Float32Array.from(rows.flatMap((row) => [...row])) };
  }
  picks.forEach(({ weights, model }, at) => {
    for (const [name, tensor] of Object.entries(weights)) {
      const [, before, from, after] = /^(.*\.mlp\.experts\.)(\d+)(\..*)$/.exec(name) ?? [];
      if (from !== undefined && Number(from) === model) gathered[`${before}${at}${after}`] = tensor;
    }
  });
  return gathered;
}

const isRouter = (name: string) => /\.mlp\.router\.(weight|bias)$/.test(name);

/** One model's part of a router's weight or bias. */
function rowOf(weights: HostWeights, name: string, model: number): Float32Array {
  const { shape: [models], data } = weights[name]!;
  const width = data.length / models!;
  return data.subarray(model * width, (model + 1) * width);
}
