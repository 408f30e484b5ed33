// Mean gates by stitch, averaged over dimensions and tokens: how much each model contributes.
import * as tf from "@tensorflow/tfjs";
import type { StitchKindName } from "./kinds/registry.ts";
import { gateModels, stitchedForward } from "./model.ts";
import type { StitchedModel } from "./stitched-model.ts";

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
  const means = tf.tidy(() => {
    const weights = tf.div(counted, tf.sum(counted)).reshape([-1, 1]);
    const perStitch: tf.Tensor[] = [];
    stitchedForward(model, ids, {
      probe: (_, gates) => {
        perStitch.push(tf.sum(tf.mul(tf.mean(gates, 2), weights), 0)); // [models]
      },
    });
    return perStitch;
  });
  const gates: MeanGate[] = [];
  for (const [stitch, mean] of means.entries()) {
    const kind = model.places[stitch]!.kind;
    const models = gateModels(model, stitch);
    const values = await mean.data();
    values.forEach((gate, i) => gates.push({ stitch, kind, model: models[i]!, gate }));
    mean.dispose();
  }
  return gates;
}
