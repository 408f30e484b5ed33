// DUME on models: the states that its routers are computed from, adding an expert, and what the routers do.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { fitRouters } from "../../lib/baselines/dume/fit.ts";
import { dume } from "../../lib/baselines/dume/method.ts";
import { addStates, emptyRegression, emptySums, ridgeRouter, withDomain } from "../../lib/baselines/dume/ridge.ts";
import { documentStates, routerInputs } from "../../lib/baselines/mixture/states.ts";
import { mixtureConfigSchema } from "../../lib/baselines/mixture/config.ts";
import { mixtureForward, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import { UserError } from "../../lib/errors.ts";
import {
  attention,
  beginPass,
  decoderLayer,
  embed,
  forward,
  type HostWeights,
  toDevice,
  type Weights,
} from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { rmsNorm } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, difference, TINY, tokens } from "../tiny.ts";

const MODELS = [1, 2, 3, 4].map((seed) => bigWeights(TINY, seed));
const MIXTURE = mixtureConfigSchema.parse({ routing: "sample", bias: true });
const OPTIONS = { lambda: 0.1, temperature: 0.1 };

/** Documents of a domain: tokens of its own part of the vocabulary, of different lengths. */
function documentsOf(domain: number, count = 20): Int32Array[] {
  const source = random(domain, "documents");
  return Array.from(
    { length: count },
    (_, i) => Int32Array.from({ length: 4 + i % 9 }, (_, t) => t === 0 ? 0 : 1 + 9 * domain + source.int(9)),
  );
}

const DOCUMENTS = [0, 1, 2, 3].map((domain) => documentsOf(domain));

/** The weights of a decoder whose feed-forwards are all one expert's. */
function decoderOf(weights: Weights, expert: number): Weights {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, tensor]) => {
      const found = /^(.*\.mlp\.)experts\.(\d+)\.(.*)$/.exec(name);
      if (found === null) return name.includes("router") ? [] : [[name, tensor]];
      return Number(found[2]) === expert ? [[found[1]! + found[3]!, tensor]] : [];
    }),
  );
}

deviceTest(
  "`routerInputs()` are the inputs of the feed-forwards of the decoder with that expert's feed-forwards",
  () => {
    const weights: Weights = toDevice(initialMixture(TINY, MIXTURE, MODELS.slice(0, 3), 0));
    const ids = tokens(2, 9);
    for (const expert of [0, 2]) {
      const own = decoderOf(weights, expert);
      const found = routerInputs(TINY, weights, expert, ids);
      assert.equal(found.length, TINY.layers);
      const pass = beginPass(TINY, 9);
      let h = embed(own, ids);
      for (let layer = 0; layer < TINY.layers; layer++) {
        const norm = (name: string, x: tf.Tensor) =>
          rmsNorm(x, own[`model.layers.${layer}.${name}.weight`]!, TINY.normEps);
        const x = norm("input_layernorm", h) as tf.Tensor3D;
        const middle = tf.add(h, attention(TINY, own, `model.layers.${layer}.self_attn.`, x, pass, layer));
        assertClose(found[layer]!, norm("post_attention_layernorm", middle).reshape([-1, TINY.width]), 1e-4);
        h = decoderLayer(TINY, own, layer, h, pass);
      }
    }
  },
);

deviceTest("`documentStates()` are those of each document alone, without padding", async () => {
  using weights = toDevice(initialMixture(TINY, MIXTURE, MODELS.slice(0, 2), 0));
  const layers: number[][] = Array.from({ length: TINY.layers }, () => []);
  const documents = DOCUMENTS[1]!;
  const before = tf.memory().numTensors;
  for await (const states of documentStates(TINY, weights, 1, documents)) {
    states.forEach((rows, layer) => layers[layer]!.push(...rows));
  }
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
  const alone = tf.tidy(() =>
    documents.map((document) => routerInputs(TINY, weights, 1, tf.tensor2d([[...document]], undefined, "int32")))
      .map((states) => states.map((x) => [...x.dataSync()]))
  );
  layers.forEach((rows, layer) => {
    const wanted = alone.flatMap((states) => states[layer]!);
    assert.equal(rows.length, wanted.length);
    assertClose(tf.tensor1d(rows), tf.tensor1d(wanted), 1e-4);
  });
});

deviceTest(
  "DUME's routers send tokens to their own domain's expert, and the mixture then is that expert's",
  async () => {
    const models = MODELS.slice(0, 3);
    const documents = DOCUMENTS.slice(0, 3);
    const { weights, shares, tokens: read } = await fitRouters({
      model: TINY,
      mixture: MIXTURE,
      models,
      documents,
      options: OPTIONS,
    });
    assert.equal(read, documents.flat().reduce((sum, { length }) => sum + length, 0));
    assert.ok(shares.every((share) => share > 0.6 && share <= 1), `chance is 1/3: ${shares}`);
    // Biases that decide alone make the mixture a decoder.
    const host: Record<string, HostWeights[string]> = { ...initialMixture(TINY, MIXTURE, models, 0), ...weights };
    for (const name of Object.keys(host)) {
      if (name.endsWith("router.bias")) host[name] = { shape: [3], data: Float32Array.of(0, 1e6, 0) };
    }
    const onDevice: Weights = toDevice(host);
    const mixture = mixtureModel({ config: TINY, mixture: MIXTURE, models: 3, weights: onDevice });
    assertClose(mixtureForward(mixture, tokens(2, 9)), forward(TINY, decoderOf(onDevice, 1), tokens(2, 9)), 1e-4);
  },
);

deviceTest(
  "an expert that is added by a column equals DUME from scratch, exactly, if the averaged rest is the same",
  async () => {
    const given = {
      model: TINY,
      mixture: MIXTURE,
      models: MODELS.slice(0, 3),
      documents: DOCUMENTS.slice(0, 3),
      options: OPTIONS,
    };
    const scratch = await fitRouters(given);
    /** The sums of one model's documents, in a mixture of the given models. */
    const sumsIn = async (models: readonly HostWeights[], expert: number) => {
      using weights = toDevice(initialMixture(TINY, MIXTURE, models, 0));
      const layers = Array.from({ length: TINY.layers }, () => emptySums(TINY.width));
      for await (const states of documentStates(TINY, weights, expert, DOCUMENTS[expert]!)) {
        states.forEach((rows, layer) => addStates(layers[layer]!, rows));
      }
      return layers;
    };
    /** Routers of two models whose sums were taken in a mixture of `rest`, and the third model added to them. */
    const added = async (rest: readonly HostWeights[]) => {
      const two = [await sumsIn(rest, 0), await sumsIn(rest, 1)];
      const third = await sumsIn(given.models, 2);
      return third.map((sums, layer) => {
        const before = two.reduce((all, one) => withDomain(all, one[layer]!), emptyRegression(TINY.width));
        return ridgeRouter(withDomain(before, sums), OPTIONS);
      });
    };
    const weightOf = (layer: number) => scratch.weights[`model.layers.${layer}.mlp.router.weight`]!.data;
    const biasOf = (layer: number) => scratch.weights[`model.layers.${layer}.mlp.router.bias`]!.data;
    // The averages include the third model from the start: the same bits.
    for (const [layer, router] of (await added(given.models)).entries()) {
      assert.deepEqual(router, { weight: weightOf(layer), bias: biasOf(layer) });
    }
    // Averages of the first two models: their documents' states are others, so the old sums no longer fit.
    const stale = await added(given.models.slice(0, 2));
    assertFar(tf.tensor1d(stale[1]!.weight), tf.tensor1d(weightOf(1)), 1e-3);
  },
);

deviceTest("DUME says why it cannot compute a router", async () => {
  const broken = Object.fromEntries(
    Object.entries(MODELS[2]!).map(([name, { shape, data }]) => [name, { shape, data: data.map(() => NaN) }]),
  );
  const models = [MODELS[0]!, MODELS[1]!, broken];
  await assert.rejects(
    fitRouters({ model: TINY, mixture: MIXTURE, models, documents: DOCUMENTS.slice(0, 3), options: OPTIONS }),
    (error) =>
      error instanceof UserError && error.code === "baselines.dume" && /layer 1 with λ 0.1/.test(error.message),
  );
});

deviceTest("a mixture whose routers have biases of 0 equals the one without biases", () => {
  const models = MODELS.slice(0, 3);
  const plain = mixtureConfigSchema.parse({ routing: "top-2" });
  const weights = initialMixture(TINY, plain, models, 1);
  const of = (bias: boolean) => {
    const mixture = { ...plain, bias };
    const whole = { ...initialMixture(TINY, mixture, models, 1), ...weights };
    return mixtureForward(mixtureModel({ config: TINY, mixture, models: 3, weights: toDevice(whole) }), tokens(2, 9));
  };
  assert.equal(difference(of(true), of(false)), 0);
});

Deno.test("DUME takes the seed as an expert only for domains that have no other", () => {
  const settings = dume.settings.dume.parse({});
  const common = { stitch: {} as never, experts: ["code", "math"] };
  assert.equal(dume.configOf({ ...common, dume: settings, domains: ["english", "code", "math"] }).seed, true);
  const config = dume.configOf({ ...common, dume: settings, domains: ["code", "math"] });
  assert.equal(config.seed, false);
  const costed = { model: TINY, experts: 2, cacheBytes: 4 };
  const [with3, with2] = [true, false].map((seed) => dume.cost({ ...config, seed }, costed).parameters.total);
  assert.equal(with3! - with2!, TINY.layers * (3 * TINY.width * TINY.inner + TINY.width + 1));
  dume.check({ ...config, topK: 2 }, { layers: 3, experts: 2 });
  assert.throws(
    () => dume.check({ ...config, topK: 2 }, { layers: 3, experts: 1 }),
    (error) => error instanceof UserError && /topK is 2/.test(error.message),
  );
});
