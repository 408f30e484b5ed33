// The stitched model: equal to the seed where it must be, causal, with packed documents apart and gates to read.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { forward, toDevice } from "../../lib/model/mod.ts";
import {
  initialStitches,
  meanGates,
  placeStitches,
  type StitchConfig,
  stitchedLanguageModel,
  type StitchedModel,
  stitchModels,
} from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, difference, stitchConfig, TINY, tinyStitched, tokens } from "../tiny.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;

/** A stitched model right after {@linkcode initialStitches}. */
function fresh(stitch: StitchConfig, seeds: readonly number[], config = TINY): StitchedModel {
  const [hub, ...experts] = seeds.map((seed) => toDevice(bigWeights(config, seed)));
  const size = { stitches: placeStitches(stitch, config.layers).length, experts: experts.length, width: config.width };
  return stitchModels({ config, stitch, hub: hub!, experts, stitches: toDevice(initialStitches(stitch, size, 1)) });
}

for (const gates of ["vector", "scalar"] as const) {
  for (const n of [1, 2, 5]) {
    deviceTest(
      `\`stitchedForward()\` of equal models at identity is the seed, n = ${n}, ${gates} gates, K = 1 to L`,
      () => {
        const config = { ...TINY, layers: 4 };
        const ids = tokens(1, T);
        const seed = forward(config, toDevice(bigWeights(config, 1)), ids);
        for (let count = 1; count <= config.layers; count++) {
          const model = fresh(stitchConfig({ count, gates }), Array(n + 1).fill(1), config);
          assertClose(stitchedForward(model, ids), seed, 1e-5, `K = ${count}`);
        }
      },
    );
  }
}

deviceTest("`stitchedForward()` of different models is not the hub's, so the test above can fail", () => {
  const ids = tokens(1, T);
  const model = fresh(stitchConfig(), [1, 2]);
  assertFar(stitchedForward(model, ids), forward(TINY, model.hub, ids), 0.1);
});

for (const kinds of ["alternating", "all-e2h"] as const) {
  for (const expertAfterE2H of ["projected", "pass-through"] as const) {
    const title =
      `\`stitchedForward()\` preserves the hub at step 0 with that initialization, ${kinds}, ${expertAfterE2H}`;
    deviceTest(title, () => {
      const stitch = stitchConfig({ count: 3, initialization: "hub-preserving", kinds, expertAfterE2H });
      const model = fresh(stitch, [1, 2, 3]);
      const ids = tokens(2, T);
      // The experts have e⁻¹² of the weight, so logits that spread over tens agree to 1e-4 of that.
      const hub = forward(TINY, model.hub, ids);
      const scale = tf.max(tf.abs(hub)).dataSync()[0]!;
      assertClose(stitchedForward(model, ids), hub, 1e-4 * scale);
    });
  }
}

deviceTest("`stitchedForward()` depends on the experts' state after an E2H only if another E2H follows", () => {
  const ids = tokens(1, T);
  const logits = (expertAfterE2H: "projected" | "pass-through", count: number) =>
    stitchedForward(tinyStitched({ stitch: stitchConfig({ count, expertAfterE2H, kinds: "all-e2h" }) }), ids);
  assert.equal(difference(logits("projected", 1), logits("pass-through", 1)), 0);
  assertFar(logits("projected", 2), logits("pass-through", 2), 0.01);
});

for (const kinds of ["alternating", "all-e2h"] as const) {
  deviceTest(`\`stitchedForward()\` is causal through all models, ${kinds}`, () => {
    const model = tinyStitched({ stitch: stitchConfig({ count: 3, kinds }), experts: 2 });
    const ids = tokens(2, T);
    const before = stitchedForward(model, ids);
    for (const t of [1, 6, T - 1]) {
      const values = ids.dataSync().slice();
      for (const row of [0, 1]) values[row * T + t] = (values[row * T + t]! + 7) % TINY.vocabSize;
      const after = stitchedForward(model, tf.tensor2d(values, [2, T], "int32"));
      const early = (x: tf.Tensor3D) => tf.slice(x, [0, 0, 0], [2, t, -1]);
      const late = (x: tf.Tensor3D) => tf.slice(x, [0, t, 0], [2, T - t, -1]);
      assert.equal(difference(early(after), early(before)), 0, `positions before ${t}`);
      assertFar(late(after), late(before), 0.01, `positions from ${t}`);
    }
  });
}

deviceTest("`stitchedForward()` gives packed documents the logits that each has alone", () => {
  const model = tinyStitched({ stitch: stitchConfig({ count: 3 }) });
  const ids = tokens(1, T, 3);
  const documents = tf.tensor2d([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]], [1, T], "int32");
  const packed = stitchedForward(model, ids, { documents });
  for (const [start, length] of [[0, 5], [5, 7]] as const) {
    const alone = stitchedForward(model, tf.slice(ids, [0, start], [1, length]));
    assertClose(tf.slice(packed, [0, start, 0], [1, length, -1]), alone, 5e-5, `the document at ${start}`);
  }
});

for (
  const stitch of [
    stitchConfig({ count: 3 }),
    stitchConfig({ count: 2, kinds: "all-e2h", gates: "scalar" }),
    stitchConfig({ count: 2, kinds: ["H2E", "E2H-LR"], rank: 3 }),
  ]
) {
  for (const n of [1, 2, 5]) {
    const what = `n = ${n}, ${stitch.kinds}, ${stitch.gates} gates`;
    deviceTest(
      `\`stitchedLanguageModel()\` decodes with one cache per model like the full forward pass, ${what}`,
      () => {
        const model = stitchedLanguageModel(tinyStitched({ stitch, experts: n }));
        const ids = tokens(2, T, 2);
        const full = model.logits(ids);
        for (const chunks of [Array<number>(T).fill(1), [5, 1, 4, 2], [T]]) {
          const states = statesOf(model, 2);
          const parts: tf.Tensor3D[] = [];
          for (const chunk of chunks) {
            parts.push(model.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states));
          }
          assert.equal(states[0]!.length, T);
          assertClose(tf.concat(parts, 1), full, 5e-5, `chunks of ${chunks}`);
          assert.throws(() => model.logits(tf.slice(ids, [0, 0], [2, 1]), states), /context length is 12/);
          disposeAll(states);
        }
      },
    );
  }
}

deviceTest("`stitchedLanguageModel()` leaks no tensor while decoding", () => {
  const model = stitchedLanguageModel(tinyStitched({ experts: 2 }));
  const ids = tokens(1, 1);
  const before = tf.memory().numTensors;
  const state = model.decodingState();
  for (let t = 0; t < 4; t++) model.logits(ids, [state]).dispose();
  assert.equal(tf.memory().numTensors, before + 3 * 2 * TINY.layers);
  state.dispose();
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("`meanGates()` of zero gates are even, and only tokens that count do", async () => {
  const ids = tokens(2, 6);
  const ones = tf.ones([2, 6]) as tf.Tensor2D;
  const even = await meanGates(fresh(stitchConfig({ count: 2 }), [1, 2, 3]), ids, ones);
  assert.deepEqual(even.map(({ stitch, kind, model }) => [stitch, kind, model]), [
    [0, "H2E", 1],
    [0, "H2E", 2],
    [1, "E2H", 0],
    [1, "E2H", 1],
    [1, "E2H", 2],
  ]);
  for (const { kind, gate } of even) assert.ok(Math.abs(gate - (kind === "E2H" ? 1 / 3 : 1 / 2)) < 1e-6);

  const model = tinyStitched({ stitch: stitchConfig({ count: 2 }) });
  const first = tf.tensor2d([[1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0]]);
  const half = await meanGates(model, ids, first);
  const alone = await meanGates(model, tf.slice(ids, [0, 0], [1, 6]), tf.ones([1, 6]));
  half.forEach(({ gate }, i) => assert.ok(Math.abs(gate - alone[i]!.gate) < 1e-6));
  const sum = half.filter(({ kind }) => kind === "E2H").reduce((total, { gate }) => total + gate, 0);
  assert.ok(Math.abs(sum - 1) < 1e-6);
  assert.notDeepEqual(half, await meanGates(model, ids, ones));
});
