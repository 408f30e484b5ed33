// The training task of a mixture of experts.
import * as tf from "@tensorflow/tfjs";
import { headLoss } from "../../model/mod.ts";
import { hash32 } from "../../random.ts";
import { type DeviceBatch, phase, type PhaseOptions, type TrainTask } from "../../train/mod.ts";
import { type MixtureModel, mixtureStates } from "./model.ts";

/**
 * Next-token training of a mixture of experts. The loss includes α times the sum of the routers' load-balancing losses.
 *
 * @param parameters the trained part of `model.weights`, as variables: all of them, or those named by `splitTrained()`
 * @param rngSeed of the sampled experts
 */
export function mixtureTraining(
  model: MixtureModel,
  parameters: TrainTask["parameters"],
  rngSeed: number,
  options: PhaseOptions,
): TrainTask {
  const { config, mixture, weights } = model;
  const evaluationLoss = ({ inputs, targets, documents, scored }: DeviceBatch) =>
    headLoss(config, weights, mixtureStates(model, inputs, { documents }).states, targets, scored);
  return {
    ...phase(options, evaluationLoss),
    parameters,
    loss: ({ inputs, targets, documents, scored }, _, step, part) => {
      const training = { step, seed: hash32(rngSeed, "mixture", step, part) };
      const { states, balance } = mixtureStates(model, inputs, { documents, training });
      return tf.add(headLoss(config, weights, states, targets, scored), tf.mul(balance, mixture.balance));
    },
  };
}
