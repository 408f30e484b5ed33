// Biases, head norms, wider heads and windows in the trained baselines: mixtures, DUME's states and CALM.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { calmLanguageModel, calmModel, initialCalm } from "../../lib/baselines/calm/model.ts";
import { routerInputs } from "../../lib/baselines/mixture/states.ts";
import { mixtureParameters } from "../../lib/baselines/mixture/config.ts";
import { mixtureForward, mixtureLanguageModel, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import { UserError } from "../../lib/errors.ts";
import { mergeIntoSeed, SEED_MERGES, seedMergeSchema } from "../../lib/merge/mod.ts";
import {
  attention,
  beginPass,
  checkWeights,
  decoderLayer,
  embed,
  forward,
  type ModelConfig,
  parameterCount,
  toDevice,
} from "../../lib/model/mod.ts";
import { rmsNorm } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, BEYOND_PLAIN, bigWeights, difference, TINY, tokens } from "../tiny.ts";
import { MIXTURES, tinyMixture } from "./mixtures.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;

for (const [what, changes] of Object.entries(BEYOND_PLAIN)) {
  const config: ModelConfig = { ...TINY, ...changes };
  const weights = bigWeights(config, 1);
  const ids = () => tokens(2, T, 3);

  deviceTest(`mixtures of equal models are the model, and decode with caches, ${what}`, () => {
    const expected = forward(config, toDevice(weights), ids());
    for (const [name, mixture] of Object.entries(MIXTURES)) {
      const start = toDevice(initialMixture(config, mixture, [weights, weights, weights], 2));
      const equal = mixtureModel({ config, mixture, models: 3, weights: start });
      assertClose(mixtureForward(equal, ids()), expected, 1e-3, name);
      const values = Object.values(start).reduce((sum, { size }) => sum + size, 0);
      assert.equal(mixtureParameters(config, mixture, 3).total, values, name);
      const model = mixtureLanguageModel(tinyMixture(mixture, { config }));
      const full = model.logits(ids());
      const states = statesOf(model, 2);
      const parts = [5, 1, 6].map((chunk) => model.logits(tf.slice(ids(), [0, states[0]!.length], [2, chunk]), states));
      assertClose(tf.concat(parts, 1), full, 1e-3, `${name} with caches`);
      disposeAll(states);
    }
  });

  deviceTest(`DUME's states are those of the decoder with that expert, ${what}`, () => {
    const start = toDevice(initialMixture(config, MIXTURES["btx-sample"], [weights, weights], 2));
    const device = toDevice(weights);
    const pass = beginPass(config, T);
    const inputs = routerInputs(config, start, 1, ids());
    let h = embed(device, ids()).reshape([-1, config.width]) as tf.Tensor2D;
    for (let layer = 0; layer < config.layers; layer++) {
      const prefix = `model.layers.${layer}.`;
      const norm = (name: string, x: tf.Tensor) => rmsNorm(x, device[`${prefix}${name}.weight`]!, config.normEps);
      const attended = attention(config, device, `${prefix}self_attn.`, norm("input_layernorm", h), pass, layer);
      assertClose(inputs[layer]!, norm("post_attention_layernorm", tf.add(h, attended)), 1e-4, `layer ${layer}`);
      h = decoderLayer(config, device, layer, h, pass);
    }
  });

  Deno.test(`merges into a seed keep every parameter, ${what}`, () => {
    const models = [2, 3].map((seed) => bigWeights(config, seed));
    for (const name of SEED_MERGES) {
      const merged = mergeIntoSeed(name, { base: weights, models }, seedMergeSchema.parse({}), 7);
      checkWeights(config, merged, name);
      const values = Object.values(merged).reduce((sum, { data }) => sum + data.length, 0);
      assert.equal(parameterCount(config), values);
      // Of equal models, every merge is the model.
      const same = mergeIntoSeed(name, { base: weights, models: [weights, weights] }, seedMergeSchema.parse({}), 7);
      for (const [key, { data }] of Object.entries(same)) {
        data.forEach((value, i) => assert.ok(Math.abs(value - weights[key]!.data[i]!) < 1e-5, `${name} ${key}`));
      }
    }
  });
}

deviceTest("CALM at step 0 is an anchor with head norms and wider heads, and refuses heads that do not fit", () => {
  const config: ModelConfig = { ...TINY, qkNorm: true, attentionBias: "all", headSize: 8, slidingWindow: 3 };
  const [anchor, other] = [1, 2].map((seed) => toDevice(bigWeights(config, seed)));
  const calm = { connections: 2 };
  const connections = toDevice(initialCalm(calm, { augmenting: 1, width: config.width }, 1));
  const model = { config, calm, anchor: anchor!, augmenting: [other!], connections };
  const ids = tokens(2, T, 1);
  assert.equal(difference(calmLanguageModel(calmModel(model)).logits(ids), forward(config, anchor!, ids)), 0);
  assert.throws(
    () => calmModel({ ...model, config: { ...config, headSize: 6 } }),
    (error) => error instanceof UserError && error.code === "merge.calm" && error.message.includes("16"),
  );
});
