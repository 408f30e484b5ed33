// Decoding while experts rest: each sequence runs through the models that are awake in it.
import * as tf from "@tensorflow/tfjs";
import type { GateProbe, LogitsOptions } from "../model/mod.ts";
import { inShape } from "../tensor/mod.ts";
import { onlyExperts } from "./apart.ts";
import { stitchKind } from "./kinds/registry.ts";
import { stitchGates } from "./layer.ts";
import { stitchedForward } from "./model.ts";
import type { StitchedModel } from "./stitched-model.ts";
import { exclusions, type StitchedState } from "./stitched-state.ts";

interface RestingOptions extends LogitsOptions {
  readonly states: readonly StitchedState[];
}

/**
 * Logits of the stitched model, `[B, T, vocab]`; rows in which the same experts rest run together.
 *
 * @param ids int32 `[B, T]`
 */
export function restingForward(model: StitchedModel, ids: tf.Tensor2D, options: RestingOptions): tf.Tensor3D {
  const { states, lengths, gates, demand } = options;
  const rows = states.map((_, row) => row);
  const groups = [...Map.groupBy(rows, (row) => states[row]!.resting.join()).values()];
  if (groups.length === 1) return forwardAlike(model, ids, options);
  const [B, T] = ids.shape;
  const order = groups.flat();
  const back = tf.tensor1d(rows.map((row) => order.indexOf(row)), "int32");
  const inOrder = <Rank extends tf.Tensor>(parts: readonly Rank[]) => tf.gather(tf.concat([...parts], 0), back) as Rank;
  const [told, asked]: tf.Tensor3D[][][] = [[], []];
  const collect = (into: tf.Tensor3D[][]): GateProbe => (place, values) =>
    void (into[place] ??= []).push(inShape<tf.Tensor3D>(values, [-1, T, values.shape[1]]));
  const tell = (probe: GateProbe | undefined, parts: readonly tf.Tensor3D[][]) =>
    parts.forEach((part, place) => {
      const whole = inOrder(part);
      probe?.(place, inShape(whole, [B * T, whole.shape[2]]));
    });
  const logits = inOrder(groups.map((some) =>
    forwardAlike(model, tf.gather(ids, tf.tensor1d(some, "int32")), {
      ...options,
      states: some.map((row) => states[row]!),
      lengths: lengths && some.map((row) => lengths[row]!),
      gates: gates && collect(told!),
      demand: demand && collect(asked!),
    })
  ));
  tell(gates, told!);
  tell(demand, asked!);
  return logits;
}

/** All rows without the same experts. */
function forwardAlike(model: StitchedModel, ids: tf.Tensor2D, options: RestingOptions): tf.Tensor3D {
  const { states, lengths, gates, demand, last } = options;
  const resting = states[0]!.resting;
  const T = ids.shape[1];
  const hub: tf.Tensor2D[] = [];
  if (resting.length === 0) {
    const both: GateProbe = (stitch, values) => {
      gates?.(stitch, values);
      if (stitchKind(model.places[stitch]!.kind).shares) demand?.(stitch, values);
    };
    return stitchedForward(model, ids, { states, lengths, last, gates: demand === undefined ? gates : both });
  }
  const hubStates = (stitch: number, h: tf.Tensor2D) => {
    hub[stitch] = h;
    if (demand !== undefined) tellDemand(model, stitch, h, states, demand);
  };
  const awake = model.experts.map((_, i) => i + 1).filter((expert) => !resting.includes(expert));
  const starts = states.map(({ length }) => length);
  const logits = stitchedForward(onlyExperts(model, awake), ids, {
    states: states.map((state) => state.awake()),
    lengths,
    last,
    hubStates,
    gates: gates && ((stitch, values) => gates(stitch, withResting(model, stitch, values, awake))),
  });
  if (gates !== undefined && awake.length === 0) tellHubAlone(model, ids.size, gates);
  states.forEach((state, row) => {
    const length = lengths?.[row] ?? T;
    state.miss({
      start: starts[row]!,
      length,
      ids: tf.keep(tf.slice(ids, [row, 0], [1, length])),
      hub: hub.slice(0, -1).map((h) => tf.keep(tf.slice(h, [row * T, 0], [length, -1]))),
    });
  });
  return logits;
}

/** The shares that all experts would have, from the hub's state alone. */
function tellDemand(
  model: StitchedModel,
  stitch: number,
  hub: tf.Tensor2D,
  states: readonly StitchedState[],
  demand: GateProbe,
): void {
  const layer = model.layers[stitch]!;
  if (!stitchKind(layer.kind).shares) return;
  const off = exclusions(states, hub.shape[0] / states.length, 1 + model.experts.length);
  demand(stitch, tf.mean(stitchGates({ ...layer, exclusions: off }, hub), 2));
}

/** Gates of the models that are awake, `[N, awake]`, with zeros for those that rest. */
function withResting(model: StitchedModel, stitch: number, gates: tf.Tensor2D, awake: readonly number[]): tf.Tensor2D {
  const hasHub = stitchKind(model.places[stitch]!.kind).shares;
  const columns = [...hasHub ? [0] : [], ...model.experts.map((_, i) => i + 1)];
  const known = [...hasHub ? [0] : [], ...awake];
  const places = columns.map((one) => known.includes(one) ? known.indexOf(one) : known.length);
  const zeros = tf.zeros<tf.Rank.R2>([gates.shape[0], 1]);
  return tf.gather(tf.concat([gates, zeros], 1), tf.tensor1d(places, "int32"), 1);
}

/** The gates where all experts rest: the hub's is 1. */
function tellHubAlone(model: StitchedModel, N: number, gates: GateProbe): void {
  model.places.forEach(({ kind }, stitch) => {
    const hub = stitchKind(kind).shares ? [1] : [];
    const row = [...hub, ...model.experts.map(() => 0)];
    gates(stitch, tf.tile(tf.tensor2d([row]), [N, 1]));
  });
}
