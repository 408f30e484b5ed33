// Training one expert of FlexOlmo beside the frozen public model (arXiv 2507.07024 §3).
import * as tf from "@tensorflow/tfjs";
import { headLoss, type ModelConfig, type OwnedWeights, type Weights } from "../../model/mod.ts";
import { type DeviceBatch, phase, type PhaseOptions, type TrainTask } from "../../train/mod.ts";
import { biasName, type MixtureConfig, mixtureConfigSchema, routerName } from "../mixture/config.ts";
import { type MixtureModel, mixtureStates } from "../mixture/model.ts";

/** A mixture whose models all process every token, with gates `softmax(W x + b)`. */
export const SOFT: MixtureConfig = mixtureConfigSchema.parse({ bias: true, balance: 0 });

/**
 * The mixture of the public model and one expert.
 *
 * @param frozen the seed's weights, as `publicWeights()` names them, with the public row of each router, `[1, d]`
 * @param trained the expert's feed-forwards, row `[1, d]` and bias `[1]`
 */
export function pairOf(config: ModelConfig, frozen: Weights, trained: Weights): MixtureModel {
  const routers = Array.from({ length: config.layers }, (_, layer) => {
    const [row, bias] = [routerName(layer, "mlp"), biasName(layer, "mlp")];
    return [
      [row, tf.concat([frozen[row]!, trained[row]!], 0)],
      [bias, tf.concat([tf.zeros([1]), notPositive(trained[bias]!)], 0)],
    ] as const;
  }).flat();
  return { config, mixture: SOFT, models: 2, weights: { ...frozen, ...trained, ...Object.fromEntries(routers) } };
}

/**
 * `min(b, 0)`. A positive b still gets a gradient that lowers it: an update that passes 0 does not end its training.
 */
const notPositive = tf.customGrad((b, save) => {
  const x = b as tf.Tensor;
  (save as tf.GradSaveFunc)([x]);
  return {
    value: tf.minimum(x, 0),
    gradFunc: (dy: tf.Tensor, [x]: tf.Tensor[]) =>
      tf.mul(dy, tf.cast(tf.logicalOr(tf.lessEqual(x!, 0), tf.greater(dy, 0)), "float32")),
  };
});

/** Next-token training of one expert; rows do not decay. */
export function pairTraining(
  config: ModelConfig,
  frozen: Weights,
  trained: OwnedWeights<tf.Variable>,
  options: PhaseOptions,
): TrainTask {
  const loss = ({ inputs, targets, documents }: DeviceBatch) => {
    const pair = pairOf(config, frozen, trained);
    return headLoss(config, pair.weights, mixtureStates(pair, inputs, { documents }).states, targets);
  };
  return {
    ...phase(options, loss),
    parameters: trained,
    exempt: new Set(Array.from({ length: config.layers }, (_, layer) => routerName(layer, "mlp"))),
    loss,
  };
}
