// The forward pass of one stitch layer: gates computed from the hub's state mix the models' states (BTS, §3).
import * as tf from "@tensorflow/tfjs";
import { dropout, expertsIntoHub, expertsIntoHubGates, hubIntoExpert, linear } from "../tensor/mod.ts";
import { UserError } from "../errors.ts";
import type { Weights } from "../model/mod.ts";
import type { StitchConfig, StitchKind } from "./config.ts";
import { gateBiasName, gateName, projectionName } from "./weights.ts";

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
  /** Which of the experts that the parameters were made for are present, counted from 1. */
  readonly present: readonly number[];
}

/**
 * The states after a stitch layer.
 *
 * @param dropoutSeed a new uint32 for every training step; undefined in evaluation mode
 */
export function applyStitch(layer: StitchLayer, states: States, dropoutSeed?: number): States {
  const { hub, experts } = states;
  const project = (i: number, x: tf.Tensor2D) =>
    linear(x, parameter(layer, projectionName(layer.index, layer.present[i]!))) as tf.Tensor2D;
  if (layer.kind === "H2E") {
    const all = gateLogits(layer, hub, layer.present, dropoutSeed);
    // tfjs's `split` into one part has no gradient.
    const z = (experts.length === 1 ? [all] : tf.split(all, experts.length, 1)) as tf.Tensor2D[];
    return { hub, experts: experts.map((h, i) => hubIntoExpert(h, project(i, hub), z[i]!)) };
  }
  const projected = experts.map((h, i) => project(i, h));
  const z = gateLogits(layer, hub, [0, ...layer.present], dropoutSeed);
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
  const { kind, present } = layer;
  if (kind === "E2H") return expertsIntoHubGates(gateLogits(layer, hub, [0, ...present]), present.length + 1);
  return tf.sigmoid(gateLogits(layer, hub, present)).reshape([N, present.length, d]);
}

/** `dropout([G_i h_0])` for the named models, `[N, models · d]`, model after model. */
function gateLogits(
  layer: StitchLayer,
  hub: tf.Tensor2D,
  models: readonly number[],
  dropoutSeed?: number,
): tf.Tensor2D {
  const [N, d] = hub.shape;
  const matrices = models.map((i) => parameter(layer, gateName(layer.index, i))); // [d, d] each, or [1, d]
  const rows = matrices[0]!.shape[0]!;
  let z = linear(hub, concatRows(matrices)); // [N, models · rows]
  if (dropoutSeed !== undefined) z = dropout(z, layer.config.dropout, dropoutSeed);
  if (layer.config.initialization === "hub-preserving") {
    const biases = models.map((i) => parameter(layer, gateBiasName(layer.index, i)));
    const byModel = concatRows(biases).reshape([1, models.length, 1]);
    z = tf.add(z.reshape([N, models.length, rows]), byModel).reshape([N, models.length * rows]);
  }
  if (rows === d) return z as tf.Tensor2D;
  return tf.tile(z.reshape([N, models.length, 1]), [1, 1, d]).reshape([N, models.length * d]);
}

function concatRows(tensors: readonly tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tensors[0]! : tf.concat([...tensors], 0);
}

function parameter(layer: StitchLayer, name: string): tf.Tensor {
  const tensor = layer.weights[name];
  if (tensor === undefined) throw new UserError("stitch.weights", `The stitches lack the parameter "${name}"`);
  return tensor;
}
