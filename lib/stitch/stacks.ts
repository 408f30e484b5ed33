// Frozen models as stacks: the models that run through a layer together have its weights in one tensor per kind, so that
// one batched product serves all of them (BTS, §6).
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { hashTensors } from "../huggingface/mod.ts";
import {
  checkWeights,
  disposeWeights,
  type HostTensor,
  type HostWeights,
  inMemory,
  type ModelConfig,
  packedStack,
  type PackedWeights,
  type StoredWeight,
  type Weights,
} from "../model/mod.ts";
import { holdConstant, packHalf, streamedTensor } from "../tensor/mod.ts";
import { disposeApart } from "./apart.ts";
import { placeStitches, type StitchConfig } from "./config.ts";
import type { FrozenModels } from "./frozen-models.ts";
import { type StreamGroup, streamGroups } from "./stream-groups.ts";

/**
 * Copies a hub and its experts onto the device, stacked for the stitches of this configuration. If `stitch.frozen` is
 * half, matrices are held as {@linkcode packHalf} rounds them (not norms, nor matrices with rows of odd length).
 *
 * @param packed holds matrices for inference in this format; `f32` as `stitch.frozen` says
 *
 * Weights that have not been read are read one after another, and never all in host memory.
 *
 * Models that are one and the same object share its weights on the device: their rows run through them as one batch.
 *
 * @throws UserError `model.weights` if a model does not have this shape, `stitch.placement`, `tensor.half`
 */
export function freezeModels(
  config: ModelConfig,
  stitch: StitchConfig,
  [hub, ...experts]: readonly (HostWeights | StoredWeights)[],
  packed?: PackedWeights,
): FrozenModels & Disposable {
  const models = [hub!, ...experts];
  models.forEach((model, i) => checkWeights(config, model, i === 0 ? "The hub" : `Expert ${i}`));
  const places = placeStitches(stitch, config.layers);
  const half = stitch.frozen === "half";
  const format = packed === "f32" && half ? "f16" : packed;
  const single = new Map<HostTensor | StoredWeight, tf.Tensor>();
  const tensorOf = (chosen: readonly (HostWeights | StoredWeights)[], name: string): tf.Tensor => {
    const weight = chosen[0]![name]!;
    if (chosen.some((model) => model[name] !== weight)) {
      return stacked(chosen.map((model) => sourceOf(model[name]!)), name, half, format);
    }
    const tensor = single.get(weight) ?? stacked([sourceOf(weight)], name, half, format);
    single.set(weight, tensor);
    return tensor;
  };
  const put = (chosen: readonly (HostWeights | StoredWeights)[], wanted: (name: string) => boolean): Weights =>
    Object.fromEntries(Object.keys(chosen[0]!).filter(wanted).map((name) => [name, tensorOf(chosen, name)]));
  const frozen: FrozenModels = {
    hub: put([hub!], (name) => !name.startsWith("model.layers.")),
    experts: experts.map((expert) => put([expert], (name) => name.includes("embed_tokens"))),
    stacks: streamGroups(stitch, places, models.length, config.layers).map((groups, layer) =>
      groups.map((group) => ({
        group,
        weights: put(group.models.map((i) => models[i]!), (name) => name.startsWith(`model.layers.${layer}.`)),
      }))
    ),
  };
  // Not enumerable, so that `...frozen` copies the models only.
  return Object.defineProperty({ ...frozen }, Symbol.dispose, {
    value: () => disposeFrozen(frozen),
  }) as FrozenModels & Disposable;
}

/** Weights by name that have not been read. */
type StoredWeights = Readonly<Record<string, StoredWeight>>;

const sourceOf = (weight: HostTensor | StoredWeight): StoredWeight => "data" in weight ? inMemory(weight) : weight;

/** One weight of several models as one tensor on the device; of a single model, without the extra dimension. */
function stacked(
  weights: readonly StoredWeight[],
  name: string,
  half: boolean,
  packed: PackedWeights | undefined,
): tf.Tensor {
  const { shape } = weights[0]!;
  if (packed !== undefined && shape.length === 2) return packedStack(weights, name, packed);
  const length = tf.util.sizeFromShape([...shape]);
  const whole = weights.length === 1 ? [...shape] : [weights.length, ...shape];
  const last = shape.at(-1)!;
  const halved = half && shape.length > 1 && last % 2 === 0;
  /** Values from number `begin` of the stack on. */
  const copy = (values: Float32Array, begin: number) => {
    for (let at = 0; at < values.length;) {
      const from = (begin + at) % length;
      const to = Math.min(length, from + values.length - at);
      values.set(weights[Math.floor((begin + at) / length)]!.values(from, to), at);
      at += to - from;
    }
    return values;
  };
  if (halved) {
    return streamedTensor([...whole.slice(0, -1), last / 2], "int32", (into, begin) => {
      const values = copy(new Float32Array(into.length / 2), begin / 2);
      into.set(new Uint8Array(packHalf(values, `the weight "${name}"`).buffer));
    });
  }
  const tensor = streamedTensor(whole, "float32", (into, begin) => {
    copy(new Float32Array(into.buffer, into.byteOffset, into.length / 4), begin / 4);
  });
  holdConstant(tensor);
  return tensor;
}

/** Frees what {@linkcode freezeModels} made. */
export function disposeFrozen({ hub, experts, stacks }: FrozenModels): void {
  disposeApart(stacks);
  [hub, ...experts, ...stacks.flat().map(({ weights }) => weights)].forEach(disposeWeights);
}

/** A content hash of all frozen weights on the device, to check that they did not change; copies one at a time. */
export async function hashFrozen({ hub, experts, stacks }: FrozenModels): Promise<string> {
  const whole = createHash("sha256");
  for (const [i, weights] of [hub, ...experts, ...stacks.flat().map((stack) => stack.weights)].entries()) {
    for (const [name, tensor] of Object.entries(weights)) {
      const values = await tensor.data();
      whole.update(hashTensors({ [`${i}/${name}`]: { shape: tensor.shape, data: bitsOf(values) } }));
    }
  }
  return whole.digest("hex");
}

/** @throws UserError `stitch.stacks` if the stacks were made for other groups */
export function checkStacks(stacks: FrozenModels["stacks"], groups: readonly (readonly StreamGroup[])[]): void {
  const made = stacks.map((layer) => layer.map(({ group }) => group));
  if (JSON.stringify(made) !== JSON.stringify(groups)) {
    throw new UserError(
      "stitch.stacks",
      "The frozen models were stacked for stitches at other layers, or for another number of experts",
      "give freezeModels() and stitchModels() the same stitch configuration, and the models in the same order",
    );
  }
}

/** The same bits as float32, which content hashes are computed over. */
function bitsOf({ buffer, byteOffset, length }: tf.TypedArray): Float32Array {
  return new Float32Array(buffer, byteOffset, length);
}
