// Gates averaged over dimensions: how much each model contributes.
import * as tf from "@tensorflow/tfjs";
import type { StitchKindName } from "../stitch-kinds.ts";
import { gateModels, stitchedForward } from "./model.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** One stitch, and the models that its gates belong to. */
export interface GateColumns {
  /** From 0. */
  readonly stitch: number;
  readonly kind: StitchKindName;
  /** The decoder layer that the stitch follows, from 1. */
  readonly after: number;
  /** The model of each column, as {@linkcode gateModels} counts: 0 is the hub. */
  readonly models: readonly number[];
}

/**
 * Runs the model in evaluation mode, and reduces the gates of every stitch on the device.
 *
 * @param ids makes int32 `[B, T]`
 * @param reduce of each model's gates, averaged over dimensions: `[B·T, models]`
 */
export async function reduceGates<Reduced extends tf.Tensor1D | tf.Tensor2D>(
  model: StitchedModel,
  ids: () => tf.Tensor2D,
  reduce: (gates: tf.Tensor2D) => Reduced,
): Promise<(GateColumns & { readonly values: Awaited<ReturnType<Reduced["array"]>> })[]> {
  const reduced = tf.tidy(() => {
    const perStitch: Reduced[] = [];
    stitchedForward(model, ids(), { gates: (_, gates) => void perStitch.push(reduce(gates)) });
    return perStitch;
  });
  try {
    return await Promise.all(reduced.map(async (tensor, stitch) => {
      const { kind, after } = model.places[stitch]!;
      const values = await tensor.array() as Awaited<ReturnType<Reduced["array"]>>;
      return { stitch, kind, after, models: gateModels(model, stitch), values };
    }));
  } finally {
    tf.dispose(reduced);
  }
}

/** The mean gate of one model at one stitch. */
export interface MeanGate {
  /** From 0. */
  readonly stitch: number;
  readonly kind: StitchKindName;
  /** As {@linkcode gateModels} counts: 0 is the hub. */
  readonly model: number;
  readonly gate: number;
}

/**
 * Mean gates over the tokens that count.
 *
 * @param ids int32 `[B, T]`
 * @param counted float32 `[B, T]`, 1 where the token counts, 0 for padding
 */
export async function meanGates(model: StitchedModel, ids: tf.Tensor2D, counted: tf.Tensor2D): Promise<MeanGate[]> {
  const mean = (gates: tf.Tensor2D): tf.Tensor1D => {
    const weights = tf.div(counted, tf.sum(counted)).reshape([-1, 1]);
    return tf.sum(tf.mul(gates, weights), 0); // [models]
  };
  const found = await reduceGates(model, () => ids, mean);
  return found.flatMap(({ stitch, kind, models, values }) =>
    values.map((gate, i) => ({ stitch, kind, model: models[i]!, gate }))
  );
}
