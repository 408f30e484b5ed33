// Low-rank projections against full ones.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../lib/errors.ts";
import { type HostWeights, toDevice } from "../../../lib/model/mod.ts";
import {
  checkStitchConfig,
  initialStitches,
  type StitchConfig,
  stitchModels,
  withExpert,
  withoutExpert,
} from "../../../lib/stitch/mod.ts";
import { deviceTest } from "../../backends.ts";
import {
  assertClose,
  assertFar,
  bigWeights,
  difference,
  noisyStitches,
  stitchConfig,
  TINY,
  tokens,
} from "../../tiny.ts";
import { applyStitch } from "../../../lib/stitch/layer.ts";
import { projectionName } from "../../../lib/stitch/kinds/parameters.ts";
import { stitchedForward } from "../../../lib/stitch/model.ts";

const d = TINY.width;
const LOW = stitchConfig({ kinds: ["E2H-LR", "H2E", "E2H-LR"], count: 3, rank: 3 });
const FULL: StitchConfig = { ...LOW, kinds: ["E2H", "H2E", "E2H"] };
const downName = (stitch: number, model: number) => `stitch.${stitch}.down.${model}`;
const upName = (stitch: number, model: number) => `stitch.${stitch}.up.${model}`;

/** The stitches with `I + U V`, computed in float64, as full projections. */
function multipliedOut(low: HostWeights, rank: number): HostWeights {
  const full: Record<string, HostWeights[string]> = {};
  for (const [name, tensor] of Object.entries(low)) {
    const [, , part, model] = name.split(".");
    if (part === "up") continue;
    if (part !== "down") {
      full[name] = tensor;
      continue;
    }
    const stitch = Number(name.split(".")[1]);
    const [down, up] = [tensor.data, low[upName(stitch, Number(model))]!.data];
    const data = Float32Array.from({ length: d * d }, (_, at) => {
      const [row, column] = [Math.floor(at / d), at % d];
      let sum = row === column ? 1 : 0;
      for (let r = 0; r < rank; r++) sum += up[row * rank + r]! * down[r * d + column]!;
      return sum;
    });
    full[projectionName(stitch, Number(model))] = { shape: [d, d], data };
  }
  return full;
}

function logits(stitch: StitchConfig, stitches: HostWeights, experts = 2): tf.Tensor3D {
  const [hub, ...rest] = Array.from({ length: experts + 1 }, (_, i) => toDevice(bigWeights(TINY, i + 1)));
  return stitchedForward(
    stitchModels({ config: TINY, stitch, hub: hub!, experts: rest, stitches: toDevice(stitches) }),
    tokens(2, 8),
  );
}

for (const rank of [1, 3, d]) {
  for (const gates of ["vector", "scalar"] as const) {
    deviceTest(`E2H-LR of rank ${rank} is E2H with W = I + U V, ${gates} gates`, () => {
      const changes = { rank, gates, expertAfterE2H: rank === 1 ? "pass-through" : "projected" } as const;
      const low = noisyStitches({ ...LOW, ...changes }, 2, 4);
      const expected = logits({ ...FULL, ...changes }, multipliedOut(low, rank));
      const scale = tf.max(tf.abs(expected)).dataSync()[0]!;
      assertClose(logits({ ...LOW, ...changes }, low), expected, 1e-5 * scale);
    });
  }
}

deviceTest("E2H-LR of full rank with U V = W − I is E2H", () => {
  const full = noisyStitches(FULL, 2, 4);
  const config = { ...LOW, rank: d };
  const low: Record<string, HostWeights[string]> = {};
  const identity = Float32Array.from({ length: d * d }, (_, at) => at % (d + 1) === 0 ? 1 : 0);
  for (const [name, tensor] of Object.entries(full)) {
    const [, stitch, part, model] = name.split(".");
    if (part !== "projection" || stitch === "1") low[name] = tensor;
    else {
      low[downName(Number(stitch), Number(model))] = { shape: [d, d], data: identity };
      const data = tensor.data.map((value, at) => value - identity[at]!);
      low[upName(Number(stitch), Number(model))] = { shape: [d, d], data };
    }
  }
  const expected = logits(FULL, full);
  assertClose(logits(config, low), expected, 1e-5 * tf.max(tf.abs(expected)).dataSync()[0]!);
});

for (const initialization of ["identity", "hub-preserving"] as const) {
  deviceTest(`initial E2H-LR stitches compute bit for bit what initial E2H stitches do, ${initialization}`, () => {
    const size = { stitches: 3, experts: 2, width: d };
    const start = (config: StitchConfig) => initialStitches({ ...config, initialization }, size, 7);
    const low = logits({ ...LOW, initialization }, start(LOW));
    assert.equal(difference(low, logits({ ...FULL, initialization }, start(FULL))), 0);
    assertFar(low, tf.zerosLike(low), 0.1);
  });
}

deviceTest("random initialization gives projections about as long as their input, away from the identity", () => {
  const width = 64;
  const config = stitchConfig({ kinds: ["E2H-LR"], count: 1, rank: 16, initialization: "random" });
  const weights = toDevice(initialStitches(config, { stitches: 1, experts: 1, width }, 7));
  const hub = tf.randomNormal([32, width], 0, 1, "float32", 1) as tf.Tensor2D;
  const layer = { index: 0, kind: "E2H-LR", config, weights, present: [1] } as const;
  const moved = tf.sub(applyStitch(layer, { hub, experts: [hub] }).experts[0]!, hub);
  const ratio = tf.div(tf.norm(moved), tf.norm(hub)).dataSync()[0]!;
  assert.ok(ratio > 0.7 && ratio < 1.4, `|U V x| is ${ratio} |x|`);
});

deviceTest("adding an expert keeps the other E2H-LR parameters bit for bit, and removing it restores them", () => {
  const trained = noisyStitches(LOW, 2, 4);
  const grown = withExpert(trained, LOW, d, 9);
  for (const [name, tensor] of Object.entries(trained)) assert.equal(grown[name], tensor, name);
  // A projection of two factors and a gate in each E2H-LR; a projection and a gate in the H2E.
  assert.equal(Object.keys(grown).length - Object.keys(trained).length, 3 + 2 + 3);
  assert.deepEqual(withoutExpert(grown, 3), trained);
  assertFar(logits(LOW, grown, 3), logits(LOW, trained), 0.01, "with and without the expert");
});

Deno.test("a rank larger than the width is refused only if a stitch uses it", () => {
  const shape = { layers: 3, width: d };
  checkStitchConfig({ ...LOW, rank: d }, shape);
  checkStitchConfig({ ...FULL, rank: d + 1 }, shape);
  assert.throws(
    () => checkStitchConfig({ ...LOW, rank: d + 1 }, shape),
    (error) =>
      error instanceof UserError && error.code === "stitch.rank" && /17 is larger than .* 16/.test(error.message),
  );
});
