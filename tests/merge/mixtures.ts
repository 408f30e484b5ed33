// Tiny mixtures of experts shared by several tests.
import * as tf from "@tensorflow/tfjs";
import { initialMixture, type MixtureConfig, type MixtureModel, mixtureModel } from "../../lib/merge/mod.ts";
import { type HostWeights, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { bigWeights, TINY } from "../tiny.ts";

/** Weights of a mixture of different random decoders, with decisive routers and nonzero adapters. */
export function noisyMixture(
  mixture: MixtureConfig,
  { models = 3, config = TINY, seed = 1 }: { models?: number; config?: ModelConfig; seed?: number } = {},
): HostWeights {
  const parts = Array.from({ length: models }, (_, i) => bigWeights(config, seed + i));
  const start = initialMixture(config, mixture, parts, seed);
  return Object.fromEntries(
    Object.entries(start).map(([name, { shape, data }]) => {
      const deviation = /router/.test(name) ? 0.5 : /adapters/.test(name) ? 0.2 : 0;
      const source = random(seed, "noise", name);
      return [name, { shape, data: deviation === 0 ? data : data.map(() => deviation * source.normal()) }];
    }),
  );
}

/** The same mixture on the device. */
export function tinyMixture(mixture: MixtureConfig, options: Parameters<typeof noisyMixture>[1] = {}): MixtureModel {
  const { models = 3, config = TINY } = options;
  return mixtureModel({ config, mixture, models, weights: toDevice(noisyMixture(mixture, options)) });
}

/** The mean squared logit, whose gradient reaches all parameters. */
export const meanSquare = (logits: tf.Tensor): tf.Scalar => tf.mean(tf.square(logits)) as tf.Scalar;
