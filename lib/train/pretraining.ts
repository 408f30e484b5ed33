// The training task of a whole decoder.
import type * as tf from "@tensorflow/tfjs";
import { headLoss, hiddenStates, type ModelConfig } from "../model/mod.ts";
import { pretrainFlops } from "./cost.ts";
import { phase, type PhaseOptions } from "./phase.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/** Next-token training of all weights of a decoder. */
export function pretraining(
  model: ModelConfig,
  parameters: Readonly<Record<string, tf.Variable>>,
  options: PhaseOptions,
): TrainTask {
  const { activations } = options.config;
  const loss = ({ inputs, targets, documents }: DeviceBatch) =>
    headLoss(model, parameters, hiddenStates(model, parameters, inputs, { documents, activations }), targets);
  return {
    ...phase(options, loss),
    parameters,
    flopsPerToken: pretrainFlops(model),
    loss,
  };
}
