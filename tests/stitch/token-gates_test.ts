// Gates token by token.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { meanGates, summarizeGates, tokenGates } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { stitchConfig, tinyStitched } from "../tiny.ts";

deviceTest("`tokenGates()` gives one gate per token and model, whose mean is that of `meanGates()`", async () => {
  const model = tinyStitched({ stitch: stitchConfig({ count: 3 }), experts: 2 });
  const ids = [3, 1, 4, 1, 5, 9, 2, 6];
  const stitches = await tokenGates(model, ids);
  assert.deepEqual(stitches.map(({ kind, after, models }) => ({ kind, after, models })), [
    { kind: "E2H", after: 1, models: [0, 1, 2] },
    { kind: "H2E", after: 2, models: [1, 2] },
    { kind: "E2H", after: 3, models: [0, 1, 2] },
  ]);
  const all = await meanGates(model, tf.tensor2d(ids, [1, 8], "int32"), tf.ones([1, 8]));
  for (const one of stitches) {
    assert.equal(one.gates.length, ids.length);
    const { mean } = summarizeGates(one)!;
    one.models.forEach((model, column) => {
      const wanted = all.find((gate) => gate.stitch === one.stitch && gate.model === model)!.gate;
      assert.ok(Math.abs(mean[column]! - wanted) < 1e-6, `stitch ${one.stitch}, model ${model}`);
    });
    if (one.kind === "E2H") {
      for (const row of one.gates) assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
    }
  }
  // Causal: what comes after a token does not move its gates.
  const shorter = await tokenGates(model, ids.slice(0, 5));
  shorter.forEach(({ gates }, k) =>
    gates.forEach((row, t) => row.forEach((gate, i) => assert.ok(Math.abs(gate - stitches[k]!.gates[t]![i]!) < 1e-6)))
  );
});

deviceTest("`tokenGates()` and `meanGates()` of low-rank stitches have shares of all models", async () => {
  const stitch = stitchConfig({ count: 2, kinds: ["E2H-LR", "E2H-LR"], rank: 2 });
  const model = tinyStitched({ stitch, experts: 2 });
  for (const { kind, models, gates } of await tokenGates(model, [3, 1, 4])) {
    assert.deepEqual([kind, models], ["E2H-LR", [0, 1, 2]]);
    for (const row of gates) assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
  }
  const means = await meanGates(model, tf.tensor2d([3, 1, 4], [1, 3], "int32"), tf.ones([1, 3]));
  assert.deepEqual(means.map(({ stitch, model }) => [stitch, model]), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
});

Deno.test("`summarizeGates()` gives mean, share of tokens won and entropy of a range of tokens", () => {
  const one = {
    stitch: 0,
    kind: "E2H" as const,
    after: 1,
    models: [0, 1],
    gates: [[1, 0], [0.5, 0.5], [0.25, 0.75], [0.25, 0.75]],
  };
  assert.deepEqual(summarizeGates(one), {
    mean: [0.5, 0.5],
    won: [0.5, 0.5],
    entropy: (0 + 1 + 2 * (0.25 * 2 + 0.75 * Math.log2(4 / 3))) / 4,
  });
  assert.deepEqual(summarizeGates(one, 2)?.won, [0, 1]);
  assert.equal(summarizeGates({ ...one, kind: "H2E" }, 0, 1)?.entropy, null);
  assert.equal(summarizeGates({ ...one, kind: "E2H-LR" }, 1, 2)?.entropy, 1);
  assert.equal(summarizeGates(one, 4), undefined);
});
