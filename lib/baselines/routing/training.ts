// The training task of expert routing's router.
import * as tf from "@tensorflow/tfjs";
import { headLosses, hiddenStates, type ModelConfig, type Weights } from "../../model/mod.ts";
import { hash32 } from "../../random.ts";
import { type DeviceBatch, phase, type PhaseOptions, type TrainTask } from "../../train/mod.ts";
import { leastLoss, promptFeatures, ROUTER, routerLoss, ROUTING_PREFIX } from "./model.ts";

/**
 * Training of a router that predicts, from a prefix of a sequence, which model has the lowest loss on the whole sequence.
 * Prefixes have a random length of 32 to 256 tokens, or up to the length of the sequence if that is shorter.
 *
 * @param models frozen models of one shape, the seed first; the prefixes are embedded with the seed's embeddings
 * @param parameters `router.weight` as a variable
 * @param rngSeed of the lengths
 */
export function routerTraining(
  config: ModelConfig,
  models: readonly Weights[],
  parameters: TrainTask["parameters"],
  rngSeed: number,
  options: PhaseOptions,
): TrainTask {
  const router = parameters[ROUTER]! as tf.Tensor as tf.Tensor2D;
  const table = models[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
  const prepare = ({ inputs, targets, documents }: DeviceBatch) => {
    const best = leastLoss(
      models.map((weights) =>
        tf.tidy(() => headLosses(config, weights, hiddenStates(config, weights, inputs, { documents }), targets))
      ),
    );
    // A sequence without a scored token, as in a long question, says nothing about the models.
    const isScored = tf.greaterEqual(tf.max(targets, 1), 0);
    return [tf.where(isScored, best, tf.fill(best.shape, -1, "int32"))];
  };
  const lossOf = ({ inputs }: DeviceBatch, best: tf.Tensor1D, step: number, part: number) =>
    routerLoss(
      router,
      promptFeatures(table, inputs, prefixes(inputs.shape, hash32(rngSeed, "prefix", step, part))),
      best,
    );
  return {
    ...phase(options, (batch) => lossOf(batch, prepare(batch)[0]!, 0, 0)),
    parameters,
    prepare,
    loss: (batch, [best], step, part) => lossOf(batch, best as tf.Tensor1D, step, part),
  };
}

/** 1 in each row's prefix and 0 after it, `[B, T]`. */
function prefixes([B, T]: readonly [number, number], rngSeed: number): tf.Tensor2D {
  const [shortest, longest] = [Math.min(ROUTING_PREFIX.shortest, T), Math.min(ROUTING_PREFIX.longest, T)];
  const read = new Float32Array(B * T);
  for (let row = 0; row < B; row++) {
    read.fill(1, row * T, row * T + shortest + hash32(rngSeed, row) % (longest - shortest + 1));
  }
  return tf.tensor2d(read, [B, T]);
}
