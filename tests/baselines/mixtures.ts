// Tiny mixtures of experts shared by several tests.
import * as tf from "@tensorflow/tfjs";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import type { MixtureConfig } from "../../lib/baselines/mixture/config.ts";
import { type MixtureModel, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { bam, bamAdapters } from "../../lib/baselines/bam/method.ts";
import { btxSample, btxSoft, btxTop2 } from "../../lib/baselines/btx/method.ts";
import { baselineDefaults } from "../../lib/baselines/mod.ts";
import { type HostWeights, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { bigWeights, stitchConfig, TINY } from "../tiny.ts";

const defaults = baselineDefaults({
  stitch: stitchConfig(),
  experts: ["code", "math"],
  domains: ["english", "code", "math"],
});

/** The mixtures from the literature, with their default settings. */
export const MIXTURES = {
  "btx-soft": btxSoft.configOf(defaults),
  "btx-sample": btxSample.configOf(defaults),
  "btx-top2": btxTop2.configOf(defaults),
  "bam": bam.configOf(defaults),
  "bam-adapters": bamAdapters.configOf(defaults),
} as const;

export type MixtureName = keyof typeof MIXTURES;

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
