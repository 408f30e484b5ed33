// The training task of the stitches of a stitched model.
import type * as tf from "@tensorflow/tfjs";
import { headLoss } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import {
  beforeFirstStitch,
  stitchedHiddenStates,
  type StitchedModel,
  stitchSize,
  throughStitches,
  undecayed,
} from "../stitch/mod.ts";
import { phase, type PhaseOptions } from "./phase.ts";
import { stitchTrainFlops } from "./stitch-cost.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

/**
 * Next-token training of the stitches only, on the hub's output (BTS, §2.3), without an auxiliary loss. Everything
 * before the first stitch runs outside the graph.
 *
 * @param parameters the stitches' weights as variables; `model` must have been assembled with them
 * @param rngSeed of the gate dropout
 */
export function stitching(
  model: StitchedModel,
  parameters: Readonly<Record<string, tf.Variable>>,
  rngSeed: number,
  options: PhaseOptions,
): TrainTask {
  const { activations } = options.config;
  const stitch = model.layers[0]!.config;
  const lossOf = (stream: tf.Tensor3D, { targets, scored }: DeviceBatch) =>
    headLoss(model.config, model.hub, stream, targets, scored);
  const evaluationLoss = (batch: DeviceBatch) =>
    lossOf(stitchedHiddenStates(model, batch.inputs, { documents: batch.documents }), batch);
  return {
    ...phase(options, evaluationLoss),
    parameters,
    flopsPerToken: stitchTrainFlops(model.config, stitch, model.experts.length),
    exempt: undecayed(stitch, stitchSize(stitch, model.config, model.experts.length)),
    prepare: ({ inputs, documents }) => beforeFirstStitch(model, inputs, { documents }),
    loss: (batch, streams, step, part) => {
      const dropoutSeed = hash32(rngSeed, "gate dropout", step, part);
      const run = { documents: batch.documents, dropoutSeed, activations };
      return lossOf(throughStitches(model, streams as tf.Tensor3D[], run), batch);
    },
  };
}
