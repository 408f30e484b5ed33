// Frozen models as stacks: those that run side by side through a layer have its weights in one tensor a kind, so that
// one batched product does the work of all (BTS, §6).
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { hashTensors } from "../huggingface/mod.ts";
import { checkWeights, disposeWeights, type HostWeights, type ModelConfig, type Weights } from "../model/mod.ts";
import { holdConstant, packHalf } from "../tensor/mod.ts";
import { placeStitches, type StitchConfig } from "./config.ts";
import { type Road, roadsThrough } from "./roads.ts";

/** A layer's weights for the models of one road: `[models, …]`, or as they are for one model alone. */
export interface Stack {
  readonly road: Road;
  readonly weights: Weights;
}

/**
 * A hub and its experts on the device, every weight once, for `stitchModels()`. What the stitched model never reads, such
 * as the experts' heads, is left out.
 */
export interface FrozenModels {
  /** The hub's embeddings, last norm and head; what is int32 is in half precision. */
  readonly hub: Weights;
  /** The experts' embeddings. */
  readonly experts: readonly Weights[];
  /** By layer, as {@linkcode roadsThrough} gives the roads. */
  readonly stacks: readonly (readonly Stack[])[];
}

/**
 * Puts a hub and its experts onto the device, stacked for the stitches of this configuration. With `stitch.frozen` half,
 * matrices (not norms, nor rows of an odd length) are held as {@linkcode packHalf} rounds them.
 *
 * @throws UserError `model.weights` when a model is not of this shape, `stitch.placement`, `tensor.half`
 */
export function freezeModels(
  config: ModelConfig,
  stitch: StitchConfig,
  [hub, ...experts]: readonly HostWeights[],
): FrozenModels & Disposable {
  const models = [hub!, ...experts];
  models.forEach((model, i) => checkWeights(config, model, i === 0 ? "The hub" : `Expert ${i}`));
  const places = placeStitches(stitch, config.layers);
  const put = (chosen: readonly HostWeights[], wanted: (name: string) => boolean): Weights =>
    Object.fromEntries(
      Object.keys(chosen[0]!).filter(wanted).map((name) => [name, stacked(chosen, name, stitch.frozen === "half")]),
    );
  const frozen: FrozenModels = {
    hub: put([hub!], (name) => !name.startsWith("model.layers.")),
    experts: experts.map((expert) => put([expert], (name) => name.includes("embed_tokens"))),
    stacks: roadsThrough(stitch, places, models.length, config.layers).map((roads, layer) =>
      roads.map((road) => ({
        road,
        weights: put(road.models.map((i) => models[i]!), (name) => name.startsWith(`model.layers.${layer}.`)),
      }))
    ),
  };
  // Not enumerable, so that `...frozen` copies the models only.
  return Object.defineProperty({ ...frozen }, Symbol.dispose, {
    value: () => disposeFrozen(frozen),
  }) as FrozenModels & Disposable;
}

/** One weight of some models on the device, as one tensor; of a single model as it is. */
function stacked(models: readonly HostWeights[], name: string, half: boolean): tf.Tensor {
  const { shape, data: { length } } = models[0]![name]!;
  const data = new Float32Array(models.length * length);
  models.forEach((model, i) => data.set(model[name]!.data, i * length));
  const whole = models.length === 1 ? [...shape] : [models.length, ...shape];
  const last = shape.at(-1)!;
  const halved = half && shape.length > 1 && last % 2 === 0;
  const tensor = halved
    ? tf.tensor(packHalf(data, `the weight "${name}"`), [...whole.slice(0, -1), last / 2], "int32")
    : tf.tensor(data, whole);
  tf.keep(tensor);
  holdConstant(tensor);
  return tensor;
}

/** Frees what {@linkcode freezeModels} put onto the device. */
export function disposeFrozen({ hub, experts, stacks }: FrozenModels): void {
  [hub, ...experts, ...stacks.flat().map(({ weights }) => weights)].forEach(disposeWeights);
}

/** A content hash of all that is on the device: frozen is frozen. */
export async function hashFrozen({ hub, experts, stacks }: FrozenModels): Promise<string> {
  const parts: Record<string, HostWeights[string]> = {};
  for (const [i, weights] of [hub, ...experts, ...stacks.flat().map((stack) => stack.weights)].entries()) {
    for (const [name, tensor] of Object.entries(weights)) {
      const values = await tensor.data();
      parts[`${i}/${name}`] = { shape: tensor.shape, data: bitsOf(values) };
    }
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

/** Any words, as the floats of the same bits, which is what content hashes are of. */
function bitsOf({ buffer, byteOffset, length }: tf.TypedArray): Float32Array {
  return new Float32Array(buffer, byteOffset, length);
}
