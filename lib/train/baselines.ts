// Training tasks of the methods that stitching is compared with: mixtures of experts, CALM, and expert routing.
import * as tf from "@tensorflow/tfjs";
import {
  beforeFirstConnection,
  type CalmModel,
  fromFirstConnection,
  leastLoss,
  type MixtureModel,
  mixtureStates,
  promptFeatures,
  ROUTER,
  routerLoss,
  ROUTING_PREFIX,
} from "../merge/mod.ts";
import { headLoss, headLosses, hiddenStates, type ModelConfig, type Weights } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import { phase, type PhaseOptions } from "./phase.ts";
import type { DeviceBatch, TrainTask } from "./task.ts";

type Parameters = TrainTask["parameters"];

/**
 * Next-token training of a mixture of experts. The loss includes α times the sum of the routers' load-balancing losses.
 *
 * @param parameters the trained part of `model.weights`, as variables: all of them, or those named by `splitTrained()`
 * @param rngSeed of the sampled experts
 */
export function mixtureTraining(
  model: MixtureModel,
  parameters: Parameters,
  rngSeed: number,
  options: PhaseOptions,
): TrainTask {
  const { config, mixture, weights } = model;
  const evaluationLoss = ({ inputs, targets, documents }: DeviceBatch) =>
    headLoss(config, weights, mixtureStates(model, inputs, { documents }).states, targets);
  return {
    ...phase(options, evaluationLoss),
    parameters,
    loss: ({ inputs, targets, documents }, _, step, part) => {
      const training = { step, seed: hash32(rngSeed, "mixture", step, part) };
      const { states, balance } = mixtureStates(model, inputs, { documents, training });
      return tf.add(headLoss(config, weights, states, targets), tf.mul(balance, mixture.balance));
    },
  };
}

/**
 * Next-token training of the connections between an anchor and the models that augment it, all of which are frozen.
 *
 * @param parameters `model.connections` as variables
 */
export function calmTraining(model: CalmModel, parameters: Parameters, options: PhaseOptions): TrainTask {
  const { activations } = options.config;
  const lossOf = (streams: readonly tf.Tensor3D[], { targets, documents }: DeviceBatch) =>
    headLoss(model.config, model.anchor, fromFirstConnection(model, streams, { documents, activations }), targets);
  const prepare = ({ inputs, documents }: DeviceBatch) => beforeFirstConnection(model, inputs, { documents });
  return {
    ...phase(options, (batch) => lossOf(prepare(batch), batch)),
    parameters,
    prepare,
    loss: (batch, streams) => lossOf(streams as tf.Tensor3D[], batch),
  };
}

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
  parameters: Parameters,
  rngSeed: number,
  options: PhaseOptions,
): TrainTask {
  const router = parameters[ROUTER]! as tf.Tensor as tf.Tensor2D;
  const table = models[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
  const prepare = ({ inputs, targets, documents }: DeviceBatch) => [
    leastLoss(
      models.map((weights) =>
        tf.tidy(() => headLosses(config, weights, hiddenStates(config, weights, inputs, { documents }), targets))
      ),
    ),
  ];
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
