// Frozen models as stacks: those that run side by side through a layer have its weights in one tensor a kind, so that
// one batched product does the work of all (BTS, §6).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { hashTensors } from "../hub/mod.ts";
import {
  checkWeights,
  disposeWeights,
  type HostWeights,
  type ModelConfig,
  toDevice,
  toHost,
  type Weights,
} from "../model/mod.ts";
import { placeStitches, type StitchConfig } from "./config.ts";
import { type Road, roadsThrough } from "./roads.ts";

/** A layer's weights for the models of one road: `[models, …]`, or as they are for one model alone. */
export interface Stack {
  readonly road: Road;
  readonly weights: Weights;
}

/**
 * A hub and its experts on the device, every weight once, to be given to `stitchModels()`. Whoever made it disposes it.
 * What the stitched model never reads, like the experts' heads, is not there.
 */
export interface FrozenModels {
  /** The hub's embeddings, last norm and head. */
  readonly hub: Weights;
  /** The experts' embeddings. */
  readonly experts: readonly Weights[];
  /** By layer, as {@linkcode roadsThrough} gives the roads. */
  readonly stacks: readonly (readonly Stack[])[];
}

/**
 * Puts a hub and its experts onto the device, stacked for the stitches of this configuration.
 *
 * @throws UserError `model.weights` when a model is not of this shape, `stitch.placement`
 */
export function freezeModels(
  config: ModelConfig,
  stitch: StitchConfig,
  [hub, ...experts]: readonly HostWeights[],
): FrozenModels {
  const models = [hub!, ...experts];
  models.forEach((model, i) => checkWeights(config, model, i === 0 ? "The hub" : `Expert ${i}`));
  const places = placeStitches(stitch, config.layers);
  const outside = (model: HostWeights, wanted: (name: string) => boolean) =>
    toDevice(Object.fromEntries(Object.entries(model).filter(([name]) => !isOfLayer(name) && wanted(name))));
  return {
    hub: outside(hub!, () => true),
    experts: experts.map((expert) => outside(expert, (name) => name.includes("embed_tokens"))),
    stacks: roadsThrough(stitch, places, models.length, config.layers).map((roads, layer) =>
      roads.map((road) => ({ road, weights: stackLayer(road.models.map((i) => models[i]!), layer) }))
    ),
  };
}

/** Frees what {@linkcode freezeModels} put onto the device. */
export function disposeFrozen({ hub, experts, stacks }: FrozenModels): void {
  [hub, ...experts, ...stacks.flat().map(({ weights }) => weights)].forEach(disposeWeights);
}

/** A content hash of all that is on the device: frozen is frozen. */
export async function hashFrozen({ hub, experts, stacks }: FrozenModels): Promise<string> {
  const named: [string, Weights][] = [
    ["hub", hub],
    ...experts.map((expert, i): [string, Weights] => [`expert ${i}`, expert]),
    ...stacks.flat().map(({ weights }, i): [string, Weights] => [`stack ${i}`, weights]),
  ];
  const parts: Record<string, HostWeights[string]> = {};
  for (const [of, weights] of named) {
    for (const [name, tensor] of Object.entries(await toHost(weights))) parts[`${of}/${name}`] = tensor;
  }
  return hashTensors(parts);
}

/** Whether stacks were made for these roads; stitches elsewhere need other stacks. */
export function checkStacks(stacks: FrozenModels["stacks"], roads: readonly (readonly Road[])[]): void {
  const made = stacks.map((layer) => layer.map(({ road }) => road));
  if (JSON.stringify(made) !== JSON.stringify(roads)) {
    throw new UserError(
      "stitch.stacks",
      "The frozen models were stacked for stitches that stand elsewhere, or for another number of experts",
      "Give freezeModels() and stitchModels() one stitch configuration, and all the models in one order",
    );
  }
}

function stackLayer(models: readonly HostWeights[], layer: number): Weights {
  const names = Object.keys(models[0]!).filter((name) => name.startsWith(`model.layers.${layer}.`));
  if (models.length === 1) return toDevice(Object.fromEntries(names.map((name) => [name, models[0]![name]!])));
  return Object.fromEntries(names.map((name) => {
    const { shape, data: { length } } = models[0]![name]!;
    const data = new Float32Array(models.length * length);
    models.forEach((model, i) => data.set(model[name]!.data, i * length));
    return [name, tf.keep(tf.tensor(data, [models.length, ...shape]))];
  }));
}

const isOfLayer = (name: string) => name.startsWith("model.layers.");
