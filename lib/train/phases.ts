// The two kinds of phase: training a whole decoder, and training only the stitches of a stitched model.
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../data/mod.ts";
import { decode, headLoss, type ModelConfig } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import { beforeFirstStitch, stitchedDecode, type StitchedModel, throughStitches, undecayed } from "../stitch/mod.ts";
import { interruptible } from "../tensor/mod.ts";
import { pretrainFlops, stitchTrainFlops } from "./cost.ts";
import { breathe, type DeviceBatch, toDeviceBatch } from "./step.ts";
import type { TrainTask } from "./task.ts";

/** What a phase needs besides its model. */
export interface PhaseOptions
  extends Pick<TrainTask, "config" | "batchAt" | "onStep" | "onRewind" | "monitor" | "checkpoints" | "signal"> {
  /** Validation batches, the same at every interval; none for no validation. */
  readonly validation: readonly Batch[];
}

/** Next-token training of all weights of a decoder. */
export function pretraining(
  model: ModelConfig,
  parameters: Readonly<Record<string, tf.Variable>>,
  options: PhaseOptions,
): TrainTask {
  const { activations } = options.config;
  const loss = ({ inputs, targets, documents }: DeviceBatch) =>
    headLoss(model, parameters, decode(model, parameters, inputs, { documents, activations }), targets);
  return {
    ...phase(options, loss),
    parameters,
    flopsPerToken: pretrainFlops(model),
    loss,
  };
}

/**
 * Next-token training of the stitches only, on the hub's output (BTS, §2.3): no auxiliary loss, everything else
 * frozen. What lies before the first stitch runs outside the graph.
 *
 * @param parameters the stitches' weights as variables; `model` must have been put together with them
 * @param seed of the gate dropout
 */
export function stitching(
  model: StitchedModel,
  parameters: Readonly<Record<string, tf.Variable>>,
  seed: number,
  options: PhaseOptions,
): TrainTask {
  const { activations } = options.config;
  const lossOf = (stream: tf.Tensor3D, targets: tf.Tensor2D) => headLoss(model.config, model.hub, stream, targets);
  const evaluationLoss = ({ inputs, targets, documents }: DeviceBatch) =>
    lossOf(stitchedDecode(model, inputs, { documents }), targets);
  return {
    ...phase(options, evaluationLoss),
    parameters,
    flopsPerToken: stitchTrainFlops(model.config, model.layers[0]!.config, model.experts.length),
    exempt: undecayed(model.places.map(({ kind }) => kind)),
    prepare: ({ inputs, documents }) => beforeFirstStitch(model, inputs, { documents }),
    loss: ({ targets, documents }, streams, step, part) => {
      const dropoutSeed = hash32(seed, "gate dropout", step, part);
      const run = { documents, dropoutSeed, activations };
      return lossOf(throughStitches(model, streams as tf.Tensor3D[], run), targets);
    },
  };
}

/** What all phases have in common: their options, and the mean of `loss` over the validation batches. */
export function phase(options: PhaseOptions, loss: (batch: DeviceBatch) => tf.Scalar) {
  const { validation, ...others } = options;
  return {
    ...others,
    ...(validation.length === 0 ? {} : { validate: () => meanOverBatches(validation, loss, options.signal) }),
  };
}

async function meanOverBatches(
  batches: readonly Batch[],
  loss: (batch: DeviceBatch) => tf.Scalar,
  signal: AbortSignal | undefined,
): Promise<number> {
  let sum = 0;
  for (const batch of batches) {
    const value = interruptible(
      () => signal?.throwIfAborted(),
      () => tf.tidy(() => loss(toDeviceBatch(batch))),
    );
    sum += (await value.data())[0]!;
    value.dispose();
    await breathe();
  }
  return sum / batches.length;
}
