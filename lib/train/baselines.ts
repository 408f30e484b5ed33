// The phases of the methods that stitching is compared with: mixtures of experts, CALM, and expert routing.
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
import { decode, headLoss, headLosses, type ModelConfig, type Weights } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import { phase, type PhaseOptions } from "./phase.ts";
import type { DeviceBatch } from "./task.ts";
import type { TrainTask } from "./task.ts";

type Parameters = TrainTask["parameters"];

/**
 * Next-token training of a mixture of experts, with α times the sum of its routers' load balances added to the loss.
 *
 * @param parameters what is trained of `model.weights`, as variables: all of them, or what `splitTrained()` names
 * @param seed of the experts that are drawn
 */
export function mixtureTraining(
  model: MixtureModel,
  parameters: Parameters,
  seed: number,
  options: PhaseOptions,
): TrainTask {
  const { config, mixture, weights } = model;
  const evaluationLoss = ({ inputs, targets, documents }: DeviceBatch) =>
    headLoss(config, weights, mixtureStates(model, inputs, { documents }).states, targets);
  return {
    ...phase(options, evaluationLoss),
    parameters,
    loss: ({ inputs, targets, documents }, _, step, part) => {
      const training = { step, seed: hash32(seed, "mixture", step, part) };
      const { states, balance } = mixtureStates(model, inputs, { documents, training });
      return tf.add(headLoss(config, weights, states, targets), tf.mul(balance, mixture.balance));
    },
  };
}

/**
 * Next-token training of what connects an anchor to the models that augment it; all of those are frozen.
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
 * Training a router to name, from a prefix of a sequence, the model that loses least on all of it. Prefixes have 32 to
 * 256 tokens, or as many as a sequence has; their lengths are drawn anew for every sequence.
 *
 * @param models the frozen models of one shape, the seed first: with its embeddings the prefixes are read
 * @param parameters `router.weight` as a variable
 * @param seed of the lengths
 */
export function routerTraining(
  config: ModelConfig,
  models: readonly Weights[],
  parameters: Parameters,
  seed: number,
  options: PhaseOptions,
): TrainTask {
  const router = parameters[ROUTER]! as tf.Tensor as tf.Tensor2D;
  const table = models[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
  const prepare = ({ inputs, targets, documents }: DeviceBatch) => [
    leastLoss(
      models.map((weights) =>
        tf.tidy(() => headLosses(config, weights, decode(config, weights, inputs, { documents }), targets))
      ),
    ),
  ];
  const lossOf = ({ inputs }: DeviceBatch, best: tf.Tensor1D, step: number, part: number) =>
    routerLoss(router, promptFeatures(table, inputs, prefixes(inputs.shape, hash32(seed, "prefix", step, part))), best);
  return {
    ...phase(options, (batch) => lossOf(batch, prepare(batch)[0]!, 0, 0)),
    parameters,
    prepare,
    loss: (batch, [best], step, part) => lossOf(batch, best as tf.Tensor1D, step, part),
  };
}

/** 1 for the tokens of each row's prefix, 0 behind it, `[B, T]`. */
function prefixes([B, T]: readonly [number, number], seed: number): tf.Tensor2D {
  const [shortest, longest] = [Math.min(ROUTING_PREFIX.shortest, T), Math.min(ROUTING_PREFIX.longest, T)];
  const read = new Float32Array(B * T);
  for (let row = 0; row < B; row++) {
    read.fill(1, row * T, row * T + shortest + hash32(seed, row) % (longest - shortest + 1));
  }
  return tf.tensor2d(read, [B, T]);
}
