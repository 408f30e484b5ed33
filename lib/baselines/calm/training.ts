// The training task of CALM's connections.
import type * as tf from "@tensorflow/tfjs";
import { headLoss } from "../../model/mod.ts";
import { type DeviceBatch, phase, type PhaseOptions, type TrainTask } from "../../train/mod.ts";
import { beforeFirstConnection, type CalmModel, fromFirstConnection } from "./model.ts";

/**
 * Next-token training of the connections between an anchor and the models that augment it, all of which are frozen.
 *
 * @param parameters `model.connections` as variables
 */
export function calmTraining(model: CalmModel, parameters: TrainTask["parameters"], options: PhaseOptions): TrainTask {
  const { activations } = options.config;
  const lossOf = (streams: readonly tf.Tensor3D[], batch: DeviceBatch) => {
    const { targets, documents, scored } = batch;
    const states = fromFirstConnection(model, streams, { documents, activations });
    return headLoss(model.config, model.anchor, states, targets, scored);
  };
  const prepare = ({ inputs, documents }: DeviceBatch) => beforeFirstConnection(model, inputs, { documents });
  return {
    ...phase(options, (batch) => lossOf(prepare(batch), batch)),
    parameters,
    prepare,
    loss: (batch, streams) => lossOf(streams as tf.Tensor3D[], batch),
  };
}
