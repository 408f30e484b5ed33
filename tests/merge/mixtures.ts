// Tiny mixtures of experts that several tests share.
import * as tf from "@tensorflow/tfjs";
import { initialMixture, type MixtureConfig, type MixtureModel, mixtureModel } from "../../lib/merge/mod.ts";
import { type HostWeights, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { bigWeights, TINY } from "../tiny.ts";

/** The weights of a mixture of different random decoders, with routers that decide and adapters that matter. */
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

/** That mixture on the device. */
export function tinyMixture(mixture: MixtureConfig, options: Parameters<typeof noisyMixture>[1] = {}): MixtureModel {
  const { models = 3, config = TINY } = options;
  return mixtureModel({ config, mixture, models, weights: toDevice(noisyMixture(mixture, options)) });
}

/** The mean of the squares of logits, for gradients that reach everything. */
export const meanSquare = (logits: tf.Tensor): tf.Scalar => tf.mean(tf.square(logits)) as tf.Scalar;
