// A decoder's shape and weights: what is refused, how many, how they start, and there and back again.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import {
  checkModelConfig,
  checkWeights,
  disposeWeights,
  forwardFlops,
  initialWeights,
  meanKeys,
  type ModelConfig,
  modelConfigSchema,
  parameterCount,
  toDevice,
  toHost,
  toVariables,
  weightShapes,
} from "../../lib/model/mod.ts";
import { deviceTest } from "../backends.ts";
import { BEYOND_PLAIN, bigWeights, TINY } from "../tiny.ts";

const refuses = (code: string, ...words: string[]) => (error: unknown) =>
  error instanceof UserError && error.code === code && words.every((word) => error.message.includes(word));

Deno.test("`checkModelConfig()` refuses heads that do not divide, naming them", () => {
  assert.equal(checkModelConfig(TINY), TINY);
  assert.throws(() => checkModelConfig({ ...TINY, heads: 3, kvHeads: 3 }), refuses("model.shape", "16", "3"));
  assert.throws(() => checkModelConfig({ ...TINY, width: 12 }), refuses("model.shape", "even")); // head size 3
  assert.throws(() => checkModelConfig({ ...TINY, kvHeads: 3 }), refuses("model.shape", "kvHeads"));
  checkModelConfig(modelConfigSchema.parse({}));
});

Deno.test("`checkModelConfig()` refuses odd heads, and biases, norms and windows that no family has together", () => {
  for (const changes of Object.values(BEYOND_PLAIN)) checkModelConfig({ ...TINY, ...changes });
  assert.throws(() => checkModelConfig({ ...TINY, headSize: 5 }), refuses("model.shape", "5", "even"));
  const refused: [Partial<ModelConfig>, string][] = [
    [{ qkNorm: true, attentionBias: "qkv" }, "model.qkNorm"],
    [{ qkNorm: true, mlpBias: true }, "model.mlpBias"],
    [{ attentionBias: "qkv", mlpBias: true }, "model.mlpBias"],
    [{ slidingWindow: 4, attentionBias: "all" }, "model.slidingWindow"],
    [{ fullLayers: 1 }, "model.fullLayers"],
    [{ slidingWindow: 4, fullLayers: 1 }, "model.fullLayers"],
  ];
  for (const [changes, word] of refused) {
    assert.throws(() => checkModelConfig({ ...TINY, ...changes }), refuses("model.shape", word), word);
  }
});

Deno.test("biases start at zero and head norms at one, and are counted by hand", () => {
  const all: ModelConfig = { ...TINY, attentionBias: "all", mlpBias: true };
  // Per layer: q 16, k and v 8 each, o 16, gate and up 24 each, down 16.
  assert.equal(parameterCount(all) - parameterCount(TINY), 3 * (16 + 8 + 8 + 16 + 24 + 24 + 16));
  const normed: ModelConfig = { ...TINY, qkNorm: true, headSize: 6 };
  // Two more per head: q and o of 4 heads, k and v of 2, each 16 wide; two norms of 6.
  assert.equal(parameterCount(normed) - parameterCount(TINY), 3 * (2 * 2 * 16 * (4 + 2) + 2 * 6));
  for (const config of [all, normed]) {
    for (const [name, { shape, data }] of Object.entries(initialWeights(config, 1))) {
      if (shape.length === 1) assert.ok(data.every((value) => value === (name.endsWith(".bias") ? 0 : 1)), name);
    }
  }
});

Deno.test("`meanKeys()` counts the positions that a window leaves, for each layer", () => {
  assert.equal(meanKeys(TINY), TINY.contextLength / 2);
  assert.equal(meanKeys({ ...TINY, slidingWindow: 100 }), TINY.contextLength / 2);
  assert.equal(meanKeys({ ...TINY, slidingWindow: 4 }), 4 - 16 / 24);
  const config: ModelConfig = { ...TINY, attentionBias: "qkv", slidingWindow: 4, fullLayers: 1 };
  assert.equal(meanKeys(config), (TINY.contextLength / 2 + 2 * (4 - 16 / 24)) / 3);
});

Deno.test("`parameterCount()` counts by hand, and the paper's seed is 2.7B", () => {
  // 2·40·16 tables; per layer 16² q, 2·8·16 k and v, 16² o, 3·16·24 feed-forward, 2·16 norms; 16 last norm.
  assert.equal(parameterCount(TINY), 1280 + 3 * (256 + 256 + 256 + 1152 + 32) + 16);
  assert.equal(parameterCount({ ...TINY, tiedEmbeddings: true }), parameterCount(TINY) - 640);
  const paper = { ...TINY, vocabSize: 128_000, width: 3072, layers: 20, heads: 24, kvHeads: 1, inner: 8192 };
  assert.equal((parameterCount(paper) / 1e9).toFixed(1), "2.7");
});

Deno.test("`forwardFlops()` counts two per multiply-add by hand", () => {
  // Per layer: q and o 16·16, k and v 16·8, feed-forward 3·16·24, scores and sums over 6 keys 2·6·16; head 16·40.
  const perLayer = 2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 24 + 2 * 6 * 16;
  assert.equal(forwardFlops(TINY, 6), 2 * (3 * perLayer + 16 * 40));
  assert.equal(forwardFlops(TINY), forwardFlops(TINY, TINY.contextLength / 2));
});

Deno.test("`initialWeights()` is pure: equal for equal seeds, different for every seed and name", () => {
  const first = initialWeights(TINY, 3);
  assert.deepEqual(initialWeights(TINY, 3), first);
  checkWeights(TINY, first, "initialWeights()");
  const query = "model.layers.0.self_attn.q_proj.weight";
  assert.notDeepEqual(initialWeights(TINY, 4)[query]!.data, first[query]!.data);
  assert.notDeepEqual(first["model.layers.1.self_attn.q_proj.weight"]!.data, first[query]!.data);
  // More layers move no other weight.
  const deeper = initialWeights({ ...TINY, layers: 5 }, 3);
  assert.deepEqual(deeper[query], first[query]);
  assert.deepEqual(deeper["model.embed_tokens.weight"], first["model.embed_tokens.weight"]);
});

Deno.test("`initialWeights()` has deviation 0.02, of residual outputs 0.02 / √(2L), and norms of one", () => {
  const config = { ...TINY, width: 64, inner: 96 };
  for (const [name, { data }] of Object.entries(initialWeights(config, 1))) {
    if (name.includes("norm")) {
      assert.ok(data.every((value) => value === 1), name);
      continue;
    }
    const residual = /o_proj|down_proj/.test(name);
    const deviation = 0.02 / (residual ? Math.sqrt(2 * config.layers) : 1);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    const found = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    // Five standard errors.
    assert.ok(Math.abs(mean) < 5 * deviation / Math.sqrt(data.length), `${name}: mean ${mean}`);
    assert.ok(Math.abs(found / deviation - 1) < 5 / Math.sqrt(2 * data.length), `${name}: deviation ${found}`);
  }
});

Deno.test("`checkWeights()` names the first weight that is missing, of another shape or unknown", () => {
  const weights = initialWeights(TINY, 1);
  const norm = "model.norm.weight";
  const { [norm]: _, ...rest } = weights;
  assert.throws(() => checkWeights(TINY, rest, "The seed"), refuses("model.weights", "The seed", norm));
  const wrong = { ...weights, [norm]: { shape: [4, 4], data: new Float32Array(16) } };
  assert.throws(() => checkWeights(TINY, wrong, "The seed"), refuses("model.weights", norm, "[4,4]", "[16]"));
  const extra = { ...weights, "model.extra": weights[norm]! };
  assert.throws(() => checkWeights(TINY, extra, "The seed"), refuses("model.weights", "model.extra"));
  assert.throws(
    () => checkWeights({ ...TINY, tiedEmbeddings: true }, weights, "It"),
    refuses("model.weights", "lm_head"),
  );
});

deviceTest("`toDevice()`, `toVariables()` and `toHost()` give back the same values, in copies", async () => {
  const weights = bigWeights(TINY, 2);
  assert.deepEqual(Object.keys(weights), [...weightShapes(TINY).keys()]);
  for (const put of [toDevice, toVariables]) {
    const device = put(weights);
    const back = await toHost(device);
    assert.deepEqual(back, weights);
    back["model.norm.weight"]!.data[0] = 99;
    assert.notEqual(weights["model.norm.weight"]!.data[0], 99);
    assert.notEqual((await toHost(device))["model.norm.weight"]!.data[0], 99);
    disposeWeights(device);
  }
});
