// What training costs, from shapes alone, against counts by hand and the paper's.
import assert from "node:assert/strict";
import { forwardFlops, parameterCount } from "../../lib/model/config.ts";
import { pretrainFlops, trainingBytes } from "../../lib/train/cost.ts";
import { stitchedForwardFlops, stitchingBytes, stitchTrainFlops } from "../../lib/train/stitch-cost.ts";
import { stitchConfig, TINY } from "../tiny.ts";

const PAPER = {
  ...TINY,
  vocabSize: 128_000,
  width: 3072,
  layers: 20,
  heads: 24,
  kvHeads: 1,
  inner: 8192,
  contextLength: 8192,
};

Deno.test("`pretrainFlops()` is about six operations a parameter and token", () => {
  const inProducts = parameterCount(PAPER) - PAPER.vocabSize * PAPER.width; // the embedding is looked up
  const attention = 3 * 20 * 4 * 4096 * 3072;
  assert.ok(Math.abs(pretrainFlops(PAPER) / (6 * inProducts + attention) - 1) < 1e-3);
});

Deno.test("`stitchedForwardFlops()` of the paper's shapes is 3.6 times the seed's, attention aside", () => {
  const short = { ...PAPER, contextLength: 2 };
  const ratio = stitchedForwardFlops(short, stitchConfig({ count: 4 }), 3) / forwardFlops(short);
  assert.equal(ratio.toFixed(1), "3.6");
});

Deno.test("`stitchTrainFlops()` pays for activation gradients behind the first stitch only", () => {
  const head = 2 * TINY.width * TINY.vocabSize;
  const layer = (forwardFlops(TINY) - head) / TINY.layers;
  const d2 = TINY.width ** 2;
  // One E2H after the last layer: nothing but the stitch and the head lies behind it.
  const last = stitchConfig({ count: 1 });
  const forward = 3 * TINY.layers * layer + head + 5 * 2 * d2;
  assert.equal(stitchTrainFlops(TINY, last, 2), forward + head + 2 * 5 * 2 * d2);
  // An H2E after layer 1 and an E2H after layer 3: of both experts two layers, of the hub none. The H2E reads two gates
  // and two projections, the E2H three and two.
  const early = stitchConfig({ positions: [1, 3] });
  const earlyForward = 3 * TINY.layers * layer + head + (4 + 5) * 2 * d2;
  // Backward, a score costs two products: both of its factors depend on the input.
  const back = layer + 4 * (TINY.contextLength / 2) * TINY.width;
  assert.equal(stitchTrainFlops(TINY, early, 2), earlyForward + 2 * 2 * back + head + 2 * (4 + 5) * 2 * d2);
});

Deno.test("`stitchedForwardFlops()` counts what runs: the hub alone after the last stitch, a row per scalar gate", () => {
  const head = 2 * TINY.width * TINY.vocabSize;
  const layer = (forwardFlops(TINY) - head) / TINY.layers;
  const d = TINY.width;
  // One E2H after the first of three layers.
  const early = stitchConfig({ positions: [1] });
  assert.equal(stitchedForwardFlops(TINY, early, 2), (3 + 2) * layer + head + 5 * 2 * d * d);
  const scalar = stitchConfig({ positions: [1], gates: "scalar" });
  assert.equal(stitchedForwardFlops(TINY, scalar, 2), (3 + 2) * layer + head + 2 * (2 * d * d + 3 * d));
});

Deno.test("low-rank stitches cost 2rd per projection instead of d², forward, backward and in memory", () => {
  const d = TINY.width;
  const full = stitchConfig({ count: 1, kinds: ["E2H"] });
  const low: typeof full = { ...full, kinds: ["E2H-LR"], rank: 3 };
  const saved = 2 * (d * d - 2 * 3 * d); // of two experts
  assert.equal(stitchedForwardFlops(TINY, full, 2) - stitchedForwardFlops(TINY, low, 2), 2 * saved);
  assert.equal(stitchTrainFlops(TINY, full, 2) - stitchTrainFlops(TINY, low, 2), 3 * 2 * saved);
  assert.equal(stitchingBytes(TINY, full, 2, 0) - stitchingBytes(TINY, low, 2, 0), 16 * saved);
});

Deno.test("`stitchTrainFlops()` has no gradient of experts that pass through stitches into the hub", () => {
  const projected = stitchConfig({ positions: [1, 3], kinds: "all-e2h" });
  const saved = stitchTrainFlops(TINY, projected, 2) -
    stitchTrainFlops(TINY, { ...projected, expertAfterE2H: "pass-through" }, 2);
  const head = 2 * TINY.width * TINY.vocabSize;
  const layer = (forwardFlops(TINY) - head) / TINY.layers;
  assert.equal(saved, 2 * 2 * (layer + 4 * (TINY.contextLength / 2) * TINY.width));
});

Deno.test("`trainingBytes()` and `stitchingBytes()` hold weights, gradients and moments, and grow with the tokens", () => {
  const bare = trainingBytes(TINY, 0);
  assert.equal(bare, 16 * parameterCount(TINY));
  assert.equal(trainingBytes(TINY, 200) - bare, 2 * (trainingBytes(TINY, 100) - bare));
  const stitch = stitchConfig({ count: 2 });
  assert.equal(stitchingBytes(TINY, stitch, 2, 0), 4 * 3 * parameterCount(TINY) + 16 * 2 * 5 * TINY.width ** 2);
});

Deno.test("`trainingBytes()` with recomputed activations keeps one layer's and each layer's input", () => {
  const layer = 10 * TINY.width + 3 * TINY.inner;
  const kept = trainingBytes(TINY, 100) - trainingBytes(TINY, 100, "recompute");
  assert.equal(kept, 4 * 100 * ((TINY.layers - 1) * layer - TINY.layers * TINY.width));
});
