// A stitched model whose experts rest by themselves, as evaluations read it.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { skippingModel } from "../../lib/infer/skipping-model.ts";
import { decoder } from "../../lib/model/language-model.ts";
import { toDevice } from "../../lib/model/weights.ts";
import { stitchedLanguageModel } from "../../lib/stitch/language-model.ts";
import type { StitchedState } from "../../lib/stitch/stitched-state.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, stitchConfig, TINY, tinyStitched, tokens } from "../tiny.ts";

const CONFIG = { ...TINY, layers: 4, contextLength: 32 };
const [ROWS, TIME, PROMPT] = [3, 30, 8];

const stitched = () =>
  stitchedLanguageModel(tinyStitched({ stitch: stitchConfig({ count: 4 }), config: CONFIG, experts: 3 }));

deviceTest("with a threshold of 0 a text has the logits of the whole model", () => {
  const model = stitched();
  const ids = tokens(ROWS, TIME, 2);
  const skipping = skippingModel(model, { below: 0, every: 5 }, PROMPT);
  assertClose(skipping.logits(ids), model.logits(ids), 1e-4);
  const run = skipping.tokensRun();
  assert.deepEqual(run, { tokens: ROWS * TIME, experts: [1, 2, 3].map((model) => ({ model, tokens: ROWS * TIME })) });
});

deviceTest("with a threshold of 1 the hub alone reads what follows the prompt", () => {
  const model = stitched();
  const ids = tokens(ROWS, TIME, 3);
  const skipping = skippingModel(model, { below: 1, every: 0 }, PROMPT);
  const state = model.decodingState() as StitchedState & { without: readonly number[] };
  const row = tf.slice(ids, [1, 0], [1, TIME]);
  const prompt = model.logits(tf.slice(row, [0, 0], [1, PROMPT]), [state]);
  state.without = [1, 2, 3];
  const rest = model.logits(tf.slice(row, [0, PROMPT], [1, -1]), [state]);
  assertClose(tf.slice(skipping.logits(ids), [1, 0, 0], [1, -1, -1]), tf.concat([prompt, rest], 1), 1e-4);
  assertFar(rest, tf.slice(model.logits(row), [0, PROMPT, 0], [1, -1, -1]), 0.01, "with experts and without");
  const experts = [1, 2, 3].map((model) => ({ model, tokens: ROWS * PROMPT }));
  assert.deepEqual(skipping.tokensRun(), { tokens: ROWS * TIME, experts });
});

deviceTest("a text is read as one that is generated: with states part by part, the same experts rest", () => {
  const model = stitched();
  const ids = tokens(1, TIME, 4);
  const settings = { below: 0.27, above: 0.3, every: 4 };
  const [whole, parts] = [skippingModel(model, settings, PROMPT), skippingModel(model, settings, PROMPT)];
  const logits = whole.logits(ids);
  const before = tf.memory().numTensors;
  const state = parts.decodingState();
  const read: tf.Tensor3D[] = [];
  for (let at = 0; at < TIME;) {
    const length = at === 0 ? PROMPT : 1;
    read.push(parts.logits(tf.slice(ids, [0, at], [1, length]), [state]));
    at += length;
  }
  state.dispose();
  assertClose(tf.concat(read, 1), logits, 1e-4);
  assert.deepEqual(parts.tokensRun(), whole.tokensRun());
  const { tokens: all, experts } = whole.tokensRun();
  assert.ok(experts.some(({ tokens }) => tokens < all), "some rest");
  assert.ok(experts.some(({ tokens }) => tokens > PROMPT), "not all of them all the time");
  assertFar(logits, model.logits(ids), 1e-3, "skipping and not");
  tf.dispose(read);
  assert.ok(tf.memory().numTensors <= before + TIME, "only what the test itself made is left");
});

deviceTest("only a model with experts that may rest can skip", () => {
  const plain = decoder(CONFIG, toDevice(bigWeights(CONFIG, 1)));
  for (const [model, settings] of [[plain, { below: 0.1 }], [stitched(), { below: 3 }]] as const) {
    assert.throws(
      () => skippingModel(model, settings, PROMPT),
      (error) => error instanceof UserError && error.code === "generate.skip",
    );
  }
});
