// The stitched model: hub and experts run side by side, and meet at the stitch layers; the output is the hub's.
import * as tf from "@tensorflow/tfjs";
import {
  type Activations,
  continuePass,
  embed,
  type GateProbe,
  head,
  type KvCaches,
  type LogitsOptions,
  type ModelConfig,
  wanted,
  type Weights,
} from "../model/mod.ts";
import { hash32 } from "../random.ts";
import { inShape } from "../tensor/mod.ts";
import { checkStitches } from "./check.ts";
import { placeStitches, type StitchConfig } from "./config.ts";
import type { States } from "./kinds/kind.ts";
import { stitchKind } from "./kinds/registry.ts";
import { applyStitch } from "./layer.ts";
import { streamGroups } from "./stream-groups.ts";
import { runLayers } from "./run.ts";
import type { FrozenModels } from "./frozen-models.ts";
import { checkStacks } from "./stacks.ts";
import type { StitchedModel } from "./stitched-model.ts";
import { exclusions } from "./stitched-state.ts";

/**
 * Assembles a stitched model.
 *
 * @param hub with `experts` and `stacks` from {@linkcode freezeModels}, the models run as one batched product; weights
 * from `toDevice()`, without `stacks`, run one model after another. The caller keeps ownership of all of them
 * @param stitches parameters named as by {@linkcode initialStitches}
 * @param present which of the experts that the stitches were made for are present, counted from 1; all by default
 * @throws UserError `stitch.weights` when the parameters do not fit the width, the gates, or the number of stitches or
 * experts; `stitch.placement` when the stitches cannot be placed; `stitch.stacks` when the stacks were made for other
 * stitches
 */
export function stitchModels(
  { config, stitch, hub, experts, stacks, stitches, present }: {
    config: ModelConfig;
    stitch: StitchConfig;
    hub: Weights;
    experts: readonly Weights[];
    stacks?: FrozenModels["stacks"];
    stitches: Weights;
    present?: readonly number[];
  },
): StitchedModel {
  const places = placeStitches(stitch, config.layers);
  const here = present ?? experts.map((_, i) => i + 1);
  const shape = { stitches: places.length, experts: experts.length, width: config.width };
  checkStitches(stitch, stitches, shape, present);
  const layers = places.map(({ kind }, index) => ({ index, kind, config: stitch, weights: stitches, present: here }));
  const groups = streamGroups(stitch, places, 1 + experts.length, config.layers);
  if (stacks !== undefined) checkStacks(stacks, groups);
  return { config, hub, experts, places, layers, groups, stacks };
}

/** The model that each column of a stitch's gates belongs to: 0 is the hub, 1 the first expert. */
export function gateModels({ places, experts }: StitchedModel, stitch: number): number[] {
  const { kind, into } = places[stitch]!;
  const numbers = experts.map((_, i) => i + 1);
  if (!stitchKind(kind).shares) return numbers;
  return into === undefined ? [0, ...numbers] : [...numbers, 0];
}

interface RunOptions {
  readonly documents?: tf.Tensor2D | undefined;
  /** One per row, which the ids continue. */
  readonly states?: readonly KvCaches[] | undefined;
  /** Random seed of the gate dropout; absent in evaluation mode. */
  readonly dropoutSeed?: number | undefined;
  /** Told the gates of every stitch, in evaluation mode only. */
  readonly gates?: GateProbe | undefined;
  /** Told the hub's state before every stitch, `[B·T, d]`. */
  readonly hubStates?: ((stitch: number, hub: tf.Tensor2D) => void) | undefined;
  /** What is kept for the backward pass. @default "keep" */
  readonly activations?: Activations | undefined;
}

/**
 * The frozen part: the residual streams of all models right before the first stitch. Nothing in it is trained, so it
 * needs no graph.
 *
 * @param ids int32 `[B, T]`
 * @returns one `[B, T, d]` per model, the hub first
 */
export function beforeFirstStitch(model: StitchedModel, ids: tf.Tensor2D, options: RunOptions = {}): tf.Tensor3D[] {
  const pass = continuePass(model.config, ids.shape[1], options.states, options.documents);
  const embedded = statesOf([model.hub, ...model.experts].map((weights) => embed(weights, ids)));
  const { hub, experts } = runLayers(model, embedded, 0, model.places[0]!.after, pass, options.states);
  return [hub, ...experts].map((h) => inShape(h, [...ids.shape, model.config.width]));
}

/**
 * The trained part: from the first stitch to the hub's hidden states after its last layer, the input of its head.
 *
 * @param streams from {@linkcode beforeFirstStitch}
 * @returns float32 `[B, T, d]`
 */
export function throughStitches(
  model: StitchedModel,
  streams: readonly tf.Tensor3D[],
  options: RunOptions = {},
): tf.Tensor3D {
  const first = streams[0];
  const pass = continuePass(model.config, first!.shape[1], options.states, options.documents, options.activations);
  let states = statesOf(streams);
  model.places.forEach(({ after }, k) => {
    states = stitchStates(model, k, states, options);
    const next = model.places[k + 1]?.after ?? model.config.layers;
    states = runLayers(model, states, after, next, pass, options.states);
  });
  return inShape(states.hub, first!.shape);
}

/** The streams as rows, `[B·T, d]`. */
function statesOf(streams: readonly tf.Tensor3D[]): States {
  const [hub, ...experts] = streams.map((h) => inShape<tf.Tensor2D>(h, [-1, h.shape[2]]));
  return { hub: hub!, experts };
}

/** {@linkcode throughStitches}, then the hub's head: logits, `[B, T, vocab]`. */
export function fromFirstStitch(
  model: StitchedModel,
  streams: readonly tf.Tensor3D[],
  { last, ...options }: RunOptions & LogitsOptions = {},
): tf.Tensor3D {
  return head(model.config, model.hub, wanted(throughStitches(model, streams, options), last, options.lengths));
}

/** The hub's hidden states after its last layer, `[B, T, d]`, from token ids. */
export function stitchedHiddenStates(model: StitchedModel, ids: tf.Tensor2D, options: RunOptions = {}): tf.Tensor3D {
  return throughStitches(model, beforeFirstStitch(model, ids, options), options);
}

/**
 * Logits of the stitched model, `[B, T, vocab]`.
 *
 * @param ids int32 `[B, T]`
 */
export function stitchedForward(
  model: StitchedModel,
  ids: tf.Tensor2D,
  options: RunOptions & LogitsOptions = {},
): tf.Tensor3D {
  const logits = fromFirstStitch(model, beforeFirstStitch(model, ids, options), options);
  options.states?.forEach((state, row) => state.advance(options.lengths?.[row] ?? ids.shape[1]));
  return logits;
}

/** In a pair the two models swap roles at every other stitch: the receiving model takes the place of the hub. */
function stitchStates(model: StitchedModel, k: number, states: States, options: RunOptions): States {
  if (model.places[k]!.into === undefined) {
    const off = exclusions(
      options.states,
      states.hub.shape[0] / (options.states?.length ?? 1),
      1 + model.experts.length,
    );
    return stitchInto(model, k, states, options, off);
  }
  // The other model is switched off as a whole, by what its partner takes of it.
  const { hub: expert, experts } = stitchInto(model, k, { hub: states.experts[0]!, experts: [states.hub] }, options);
  return { hub: experts[0]!, experts: [expert] };
}

function stitchInto(
  model: StitchedModel,
  k: number,
  states: States,
  options: RunOptions,
  exclusions?: tf.Tensor2D,
): States {
  options.hubStates?.(k, states.hub);
  if (states.experts.length === 0) return states; // the hub's gate is 1
  const layer = { ...model.layers[k]!, exclusions };
  const { gates, dropoutSeed } = options;
  if (dropoutSeed !== undefined) return applyStitch(layer, states, hash32(dropoutSeed, "stitch", k));
  return applyStitch(layer, states, undefined, gates && ((told) => gates(k, tf.mean(told, 2))));
}
