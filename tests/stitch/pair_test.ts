// Two models of equal rank, without a hub: they merge into each other in turn.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { forward, toDevice } from "../../lib/model/mod.ts";
import {
  initialStitches,
  placeStitches,
  stitchedLanguageModel,
  stitchModels,
  tokenGates,
} from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import {
  assertClose,
  assertFar,
  bigWeights,
  noisyStitches,
  stitchConfig,
  TINY,
  tinyStitched,
  tokens,
} from "../tiny.ts";
import { gateModels, stitchedForward } from "../../lib/stitch/model.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const PAIR = stitchConfig({ mode: "pair", count: 3 });

Deno.test("`placeStitches()` alternates the receiving model of a pair, the output last", () => {
  assert.deepEqual(placeStitches(stitchConfig({ mode: "pair", count: 4 }), 8), [
    { after: 2, kind: "E2H", into: "other" },
    { after: 4, kind: "E2H" },
    { after: 6, kind: "E2H", into: "other" },
    { after: 8, kind: "E2H" },
  ]);
  assert.throws(
    () => placeStitches(stitchConfig({ mode: "pair", kinds: "all-e2h" }), 4),
    (error) => error instanceof UserError && /stitch.kinds cannot be set/.test(error.message),
  );
});

deviceTest("a pair of equal models under identity stitches equals either of them", () => {
  const weights = toDevice(bigWeights(TINY, 3));
  const stitches = toDevice(initialStitches(PAIR, { stitches: 3, experts: 1, width: TINY.width }, 1));
  const pair = stitchModels({ config: TINY, stitch: PAIR, hub: weights, experts: [weights], stitches });
  const ids = tokens(2, 9);
  assertClose(stitchedForward(pair, ids), forward(TINY, weights, ids), 1e-4);
});

deviceTest("the receiving model's state decides the gates, and the output depends on both models", async () => {
  const pair = tinyStitched({ stitch: PAIR, experts: 1 });
  assert.deepEqual([0, 1, 2].map((k) => gateModels(pair, k)), [[0, 1], [1, 0], [0, 1]]);
  const gates = await tokenGates(pair, [1, 2, 3, 4]);
  assert.deepEqual(gates.map(({ models }) => models), [[0, 1], [1, 0], [0, 1]]);
  const ids = tokens(2, 9);
  const logits = stitchedForward(pair, ids);
  const swapped = { ...pair, hub: pair.experts[0]!, experts: [pair.hub] };
  assertFar(stitchedForward(swapped, ids), logits, 0.01, "the other output");
  for (const part of ["hub", "expert"] as const) {
    const other = toDevice(bigWeights(TINY, 77));
    const changed = part === "hub" ? { ...pair, hub: other } : { ...pair, experts: [other] };
    assertFar(stitchedForward(changed, ids), logits, 0.01, `another ${part}`);
  }
});

deviceTest("a pair whose gates are shut is the model with the output alone, and with open gates is not", () => {
  const config = { ...TINY, layers: 2 };
  const stitch = stitchConfig({ mode: "pair", count: 2 });
  const noisy = noisyStitches(stitch, 1, 4, config);
  const [a, b] = [1, 2].map((seed) => toDevice(bigWeights(config, seed)));
  const ids = tokens(1, 6);
  const pair = stitchModels({ config, stitch, hub: a!, experts: [b!], stitches: toDevice(noisy) });
  const shut = stitchConfig({ mode: "pair", count: 2, initialization: "hub-preserving" });
  const closed = noisyStitches(shut, 1, 4, config);
  for (const k of [0, 1]) closed[`stitch.${k}.gate_bias.1`]!.data.fill(-1e9);
  const alone = stitchModels({
    config,
    stitch: { ...shut, expertAfterE2H: "pass-through" },
    hub: a!,
    experts: [b!],
    stitches: toDevice(closed),
  });
  assertClose(stitchedForward(alone, ids), forward(config, a!, ids), 1e-4);
  assertFar(stitchedForward(pair, ids), forward(config, a!, ids), 0.01);
});

deviceTest("cached decoding of a pair equals the whole forward pass, and is causal", () => {
  const model = stitchedLanguageModel(tinyStitched({ stitch: PAIR, experts: 1 }));
  const ids = tokens(2, 8);
  const whole = model.logits(ids);
  const states = statesOf(model, 2);
  const pieces = [3, 1, 4].map((size, i, all) => {
    const start = all.slice(0, i).reduce((a, b) => a + b, 0);
    return model.logits(ids.slice([0, start], [2, size]) as tf.Tensor2D, states);
  });
  assertClose(tf.concat(pieces, 1), whole, 2e-4);
  disposeAll(states);
});

deviceTest("`stitchModels()` refuses a pair of three models", () => {
  assert.throws(
    () => tinyStitched({ stitch: PAIR, experts: 2 }),
    (error) => error instanceof UserError && error.code === "stitch.mode" && /not for 3/.test(error.message),
  );
});
