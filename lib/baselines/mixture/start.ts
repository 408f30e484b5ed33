// Initial weights of a mixture: mixed blocks come from the models, the rest is their average, routers are nearly even.
import { UserError } from "../../errors.ts";
import { soup } from "../../merge/mod.ts";
import {
  checkWeights,
  fillNormal,
  type HostTensor,
  type HostWeights,
  type ModelConfig,
  shapeOf,
} from "../../model/mod.ts";
import { random } from "../../random.ts";
import {
  addedNames,
  checkMixture,
  expertPrefix,
  mixedBlocks,
  mixedPlace,
  type MixtureConfig,
  mixtureShapes,
} from "./config.ts";

/** Standard deviation of a router's initial weights, as in the decoder. */
const ROUTER_DEVIATION = 0.02;

/**
 * The initial weights of a mixture of these models: a pure function of the arguments.
 *
 * Averages are uniform over all models, including the seed. Adapters are zero, so they change nothing at first.
 *
 * @param models all with the shape of `config`, the seed first
 * @param seed for the routers
 * @throws UserError `model.weights` for a model of another shape, `merge.mixture` for too few models
 */
export function initialMixture(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: readonly HostWeights[],
  seed: number,
): HostWeights {
  checkMixture(mixture, models.length);
  models.forEach((weights, i) => checkWeights(config, weights, `Model ${i + 1}`));
  const blocks = mixedBlocks(mixture);
  const names = Object.keys(models[0]!);
  const shared = names.filter((name) => mixedPlace(name, blocks) === undefined);
  const weights: Record<string, HostTensor> = {
    ...soup(models.map((model) => Object.fromEntries(shared.map((name) => [name, model[name]!])))),
  };
  for (const name of names) {
    const place = mixedPlace(name, blocks);
    if (place === undefined) continue;
    models.forEach((model, i) => weights[expertPrefix(place.layer, place.block, i) + place.rest] = model[name]!);
  }
  return { ...weights, ...initialAdditions(config, mixture, models.length, seed) };
}

/** Initial routers and, if there are any, adapters. */
function initialAdditions(config: ModelConfig, mixture: MixtureConfig, models: number, seed: number): HostWeights {
  const shapes = mixtureShapes(config, mixture, models);
  return Object.fromEntries(
    addedNames(mixture, config.layers, models).map((name) => {
      const shape = shapes.get(name)!;
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      if (name.endsWith("router.weight")) fillNormal(data, ROUTER_DEVIATION, random(seed, "mixture", name));
      return [name, { shape, data }];
    }),
  );
}

/** Splits a mixture's weights into trained and frozen ones. */
export function splitTrained<T>(
  mixture: MixtureConfig,
  weights: Readonly<Record<string, T>>,
): { trained: Readonly<Record<string, T>>; frozen: Readonly<Record<string, T>> } {
  const isTrained = (name: string) => !mixture.adapters || /\.(router|adapters\.\d+)\.(weight|bias)$/.test(name);
  const pick = (wanted: boolean) =>
    Object.fromEntries(Object.entries(weights).filter(([name]) => isTrained(name) === wanted));
  return { trained: pick(true), frozen: pick(false) };
}

/**
 * Checks that weights are exactly a mixture's.
 *
 * @throws UserError `merge.weights` naming the first weight that is missing, unknown or of another shape
 */
export function checkMixtureWeights(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: number,
  weights: Readonly<Record<string, { readonly shape: readonly number[] }>>,
): void {
  const shapes = mixtureShapes(config, mixture, models);
  for (const [name, shape] of shapes) {
    const found = Object.hasOwn(weights, name) ? shapeOf(weights[name]!) : undefined;
    if (String(found) === String(shape)) continue;
    throw new UserError(
      "merge.weights",
      `The mixture has "${name}" as [${found ?? "missing"}], but ${models} models need [${shape}]`,
    );
  }
  const unknown = Object.keys(weights).find((name) => !shapes.has(name));
  if (unknown !== undefined) {
    throw new UserError(
      "merge.weights",
      `The mixture has the unknown weight "${unknown}", which ${models} models do not need`,
    );
  }
}
