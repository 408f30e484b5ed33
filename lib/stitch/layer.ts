// One stitch layer, forward: the hub's state decides, by gates, who tells whom what (BTS, §3).
import * as tf from "@tensorflow/tfjs";
import { dropout, expertsIntoHub, expertsIntoHubGates, hubIntoExpert, linear } from "../tensor/mod.ts";
import type { Weights } from "../model/mod.ts";
import type { StitchConfig, StitchKind } from "./config.ts";
import { stitchNames } from "./weights.ts";

/** The residual streams of all models, `[N, d]` each; N = batch · time. */
export interface States {
  readonly hub: tf.Tensor2D;
  readonly experts: readonly tf.Tensor2D[];
}

/** One stitch layer with its parameters. */
export interface StitchLayer {
  readonly index: number;
  readonly kind: StitchKind;
  readonly config: StitchConfig;
  readonly weights: Weights;
  /** Which experts take part, by their place among the `n` that the parameters were made for. */
  readonly present: readonly number[];
}

/**
 * The states after a stitch layer.
 *
 * @param dropoutSeed a uint32 that is new for every step while training; undefined in evaluation mode
 */
export function applyStitch(layer: StitchLayer, states: States, dropoutSeed?: number): States {
  const { hub, experts } = states;
  const project = (i: number, x: tf.Tensor2D) => linear(x, projection(layer, i)) as tf.Tensor2D;
  if (layer.kind === "H2E") {
    const z = gateLogits(layer, hub, layer.present.map((i) => i + 1), dropoutSeed);
    const split = splitModels(z, experts.length);
    return { hub, experts: experts.map((h, i) => hubIntoExpert(h, project(layer.present[i]!, hub), split[i]!)) };
  }
  const projected = experts.map((h, i) => project(layer.present[i]!, h));
  const z = gateLogits(layer, hub, [0, ...layer.present.map((i) => i + 1)], dropoutSeed);
  return {
    hub: expertsIntoHub(hub, projected, z),
    experts: layer.config.expertAfterE2H === "projected" ? projected : experts,
  };
}

/**
 * The gates of a stitch in evaluation mode, `[N, models, d]`: hub first for E2H (they sum to 1 over models), experts
 * only for H2E (each in (0, 1)).
 */
export function stitchGates(layer: StitchLayer, hub: tf.Tensor2D): tf.Tensor3D {
  const [N, d] = hub.shape;
  const experts = layer.present.map((i) => i + 1);
  if (layer.kind === "E2H") return expertsIntoHubGates(gateLogits(layer, hub, [0, ...experts]), experts.length + 1);
  return tf.sigmoid(gateLogits(layer, hub, experts)).reshape([N, experts.length, d]);
}

/** `dropout([G_i h_0])` for the named gate slots, `[N, slots · d]`, model after model. */
function gateLogits(
  layer: StitchLayer,
  hub: tf.Tensor2D,
  slots: readonly number[],
  dropoutSeed?: number,
): tf.Tensor2D {
  const [N, d] = hub.shape;
  const { g: gatesName, bias: biasName } = stitchNames(layer.index);
  const gates = layer.weights[gatesName] as tf.Tensor3D; // [n+1, d or 1, d]
  const rows = gates.shape[1];
  let z = linear(hub, pickSlots(gates, slots).reshape([slots.length * rows, d])); // [N, slots · rows]
  if (dropoutSeed !== undefined) z = dropout(z, layer.config.dropout, dropoutSeed);
  const bias = layer.weights[biasName];
  if (bias !== undefined) {
    const byModel = pickSlots(bias, slots).reshape([1, slots.length, 1]);
    z = tf.add(z.reshape([N, slots.length, rows]), byModel).reshape([N, slots.length * rows]);
  }
  if (rows === d) return z as tf.Tensor2D;
  return tf.tile(z.reshape([N, slots.length, 1]), [1, 1, d]).reshape([N, slots.length * d]);
}

/** Slices along the first axis; contiguous runs, as in every model with all its experts, are one slice. */
function pickSlots(tensor: tf.Tensor, slots: readonly number[]): tf.Tensor {
  const first = slots[0]!;
  if (slots.length === tensor.shape[0] && first === 0) return tensor;
  const rest = tensor.rank - 1;
  const slice = (start: number, size: number) =>
    tf.slice(tensor, [start, ...Array(rest).fill(0)], [size, ...tensor.shape.slice(1)]);
  if (slots.every((slot, i) => slot === first + i)) return slice(first, slots.length);
  return tf.concat(slots.map((slot) => slice(slot, 1)), 0);
}

function projection(layer: StitchLayer, expert: number): tf.Tensor2D {
  const all = layer.weights[stitchNames(layer.index).w] as tf.Tensor3D;
  const [n, d] = all.shape;
  return (n === 1 ? all : tf.slice(all, [expert, 0, 0], [1, d, d])).reshape([d, d]);
}

/** `[N, models · d]` to `[N, d]` for each model. */
function splitModels(z: tf.Tensor2D, models: number): tf.Tensor2D[] {
  return models === 1 ? [z] : tf.split(z, models, 1) as tf.Tensor2D[];
}
