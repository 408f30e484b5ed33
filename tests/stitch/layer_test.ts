// One stitch layer against the paper's formulas, written out in float64.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import type { StitchConfig, StitchKindName } from "../../lib/stitch/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, difference, noisyStitches, stitchConfig, TINY } from "../tiny.ts";
import { applyStitch, stitchGates, type StitchLayer } from "../../lib/stitch/layer.ts";
import { gateName } from "../../lib/stitch/kinds/gate-logits.ts";
import { projectionName } from "../../lib/stitch/kinds/parameters.ts";

const N = 6;
const d = TINY.width;
const GATES = ["vector", "scalar"] as const;

function layerOf(kind: StitchKindName, config: StitchConfig, experts: number, seed = 1): StitchLayer {
  const weights = toDevice(noisyStitches({ ...config, kinds: ["E2H"], count: 1 }, experts, seed));
  return { index: 0, kind, config, weights, present: Array.from({ length: experts }, (_, i) => i + 1) };
}

function normal(seed: number): tf.Tensor2D {
  const source = random(seed, "state");
  return tf.tensor2d(Float32Array.from({ length: N * d }, () => 2 * source.normal()), [N, d]);
}

function statesOf(experts: number) {
  return { hub: normal(10), experts: Array.from({ length: experts }, (_, i) => normal(20 + i)) };
}

/** `W x` for row `row` of `x`, in float64. */
function product(weights: tf.Tensor, x: tf.Tensor2D, row: number): number[] {
  const [rows] = weights.shape as [number];
  const [w, values] = [weights.dataSync(), x.dataSync()];
  return Array.from({ length: rows }, (_, o) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += w[o * d + i]! * values[row * d + i]!;
    return sum;
  });
}

/** Gate logits of one model for one token: `G h_0` and its bias, one per dimension. */
function logitsOf(layer: StitchLayer, model: number, hub: tf.Tensor2D, row: number): number[] {
  const z = product(layer.weights[gateName(0, model)]!, hub, row);
  const bias = layer.weights[`stitch.0.gate_bias.${model}`]?.dataSync()[0] ?? 0;
  return Array.from({ length: d }, (_, j) => z[z.length === 1 ? 0 : j]! + bias);
}

for (const gates of GATES) {
  for (const initialization of ["identity", "hub-preserving"] as const) {
    for (const n of [1, 2, 5]) {
      const config = stitchConfig({ gates, initialization });
      const what = `n = ${n}, ${gates} gates${initialization === "identity" ? "" : " with biases"}`;

      deviceTest(`\`applyStitch()\` of E2H is the paper's formula, ${what}`, () => {
        const layer = layerOf("E2H", config, n);
        const states = statesOf(n);
        const wantedHub = new Float32Array(N * d);
        const wantedExperts = states.experts.map(() => new Float32Array(N * d));
        for (let row = 0; row < N; row++) {
          const z = [0, ...layer.present].map((i) => logitsOf(layer, i, states.hub, row));
          const projected = states.experts.map((h, i) => product(layer.weights[projectionName(0, i + 1)]!, h, row));
          for (let j = 0; j < d; j++) {
            const e = z.map((values) => Math.exp(values[j]! - Math.max(...z.map((other) => other[j]!))));
            const total = e.reduce((a, b) => a + b, 0);
            let sum = e[0]! / total * states.hub.arraySync()[row]![j]!;
            projected.forEach((values, i) => sum += e[i + 1]! / total * values[j]!);
            wantedHub[row * d + j] = sum;
            projected.forEach((values, i) => wantedExperts[i]![row * d + j] = values[j]!);
          }
        }
        const after = applyStitch(layer, states);
        assertClose(after.hub, tf.tensor2d(wantedHub, [N, d]), 1e-4, "hub");
        after.experts.forEach((h, i) =>
          assertClose(h, tf.tensor2d(wantedExperts[i]!, [N, d]), 1e-4, `expert ${i + 1}`)
        );
      });

      deviceTest(`\`applyStitch()\` of H2E is the paper's formula and leaves the hub bit for bit, ${what}`, () => {
        const layer = layerOf("H2E", config, n);
        const states = statesOf(n);
        const after = applyStitch(layer, states);
        assert.equal(difference(after.hub, states.hub), 0);
        states.experts.forEach((h, i) => {
          const wanted = new Float32Array(N * d);
          for (let row = 0; row < N; row++) {
            const z = logitsOf(layer, i + 1, states.hub, row);
            const told = product(layer.weights[projectionName(0, i + 1)]!, states.hub, row);
            for (let j = 0; j < d; j++) {
              const g = 1 / (1 + Math.exp(-z[j]!));
              wanted[row * d + j] = (1 - g) * h.arraySync()[row]![j]! + g * told[j]!;
            }
          }
          assertClose(after.experts[i]!, tf.tensor2d(wanted, [N, d]), 1e-4, `expert ${i + 1}`);
        });
      });

      deviceTest(`\`stitchGates()\` sum to 1 over models for E2H and lie in (0, 1) for H2E, ${what}`, () => {
        const { hub } = statesOf(n);
        const e2h = stitchGates(layerOf("E2H", config, n), hub);
        assert.deepEqual(e2h.shape, [N, n + 1, d]);
        const inside = (gates: tf.Tensor) => gates.dataSync().every((gate) => gate > 0 && gate < 1);
        assert.ok(inside(e2h));
        for (const sum of tf.sum(e2h, 1).dataSync()) assert.ok(Math.abs(sum - 1) < 1e-6, `sum ${sum}`);
        const h2e = stitchGates(layerOf("H2E", config, n), hub);
        assert.deepEqual(h2e.shape, [N, n, d]);
        assert.ok(inside(h2e));
        // A scalar gate is the same in every dimension; a vector gate is not.
        const spread = tf.max(tf.sub(tf.max(e2h, 2), tf.min(e2h, 2))).dataSync()[0]!;
        assert.equal(spread === 0, gates === "scalar", `spread ${spread}`);
      });
    }
  }
}

deviceTest("`applyStitch()` with identity and zero gates is the mean for E2H and the midpoint for H2E", () => {
  const config = stitchConfig();
  const identity = tf.eye(d);
  const weights = {
    [projectionName(0, 1)]: identity,
    [projectionName(0, 2)]: identity,
    ...Object.fromEntries([0, 1, 2].map((i) => [gateName(0, i), tf.zeros([d, d])])),
  };
  const states = statesOf(2);
  const [a, b] = states.experts as [tf.Tensor2D, tf.Tensor2D];
  const layer = { index: 0, config, weights, present: [1, 2] };
  const mean = tf.div(tf.addN([states.hub, a, b]), 3);
  assertClose(applyStitch({ ...layer, kind: "E2H" }, states).hub, mean, 1e-6);
  const middle = tf.div(tf.add(states.hub, b), 2);
  assertClose(applyStitch({ ...layer, kind: "H2E" }, states).experts[1]!, middle, 1e-6);
});

deviceTest("`applyStitch()` of E2H passes the experts' own states through if the setting says so", () => {
  const states = statesOf(2);
  const projected = applyStitch(layerOf("E2H", stitchConfig(), 2), states);
  const through = applyStitch(layerOf("E2H", stitchConfig({ expertAfterE2H: "pass-through" }), 2), states);
  assert.equal(difference(through.hub, projected.hub), 0);
  through.experts.forEach((h, i) => {
    assert.equal(difference(h, states.experts[i]!), 0);
    assertFar(projected.experts[i]!, h, 0.1);
  });
});

for (const kind of ["E2H", "H2E"] as const) {
  for (const gates of GATES) {
    deviceTest(
      `\`applyStitch()\` applies dropout only if it is given a seed, and repeatably, ${kind}, ${gates} gates`,
      () => {
        const layer = layerOf(kind, stitchConfig({ dropout: 0.5, gates }), 2);
        const undropped = layerOf(kind, stitchConfig({ dropout: 0, gates }), 2);
        const states = statesOf(2);
        const out = (of: StitchLayer, seed?: number) => {
          const after = applyStitch(of, states, seed);
          return tf.concat([after.hub, ...after.experts], 0);
        };
        assert.equal(difference(out(layer), out(undropped)), 0);
        assert.equal(difference(out(undropped, 3), out(undropped)), 0);
        assertFar(out(layer, 3), out(layer), 0.01, "with and without dropout");
        assert.equal(difference(out(layer, 3), out(layer, 3)), 0);
        assertFar(out(layer, 3), out(layer, 4), 0.01, "dropout of two seeds");
      },
    );
  }
}
