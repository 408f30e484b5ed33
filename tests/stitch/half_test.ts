// Frozen models in half precision: half the memory, the properties of a stitched model, and a bounded error.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { disposeWeights, forward, type HostWeights, toDevice, toVariables } from "../../lib/model/mod.ts";
import {
  beforeFirstStitch,
  disposeFrozen,
  freezeModels,
  hashFrozen,
  initialStitches,
  stitchedLanguageModel,
  stitchModels,
} from "../../lib/stitch/mod.ts";
import { HALF_ERROR, openDevice } from "../../lib/tensor/mod.ts";
import { stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { bytesHeld } from "../peak.ts";
import {
  assertClose,
  bigWeights,
  difference,
  noisyStitches,
  randomBatch,
  stitchConfig,
  TINY,
  tokens,
} from "../tiny.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;
const HALF = stitchConfig({ count: 2, frozen: "half" });

/** The weights as half precision holds them. */
function rounded(weights: HostWeights): HostWeights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      { shape, data: shape.length === 1 ? data : Float32Array.from(new Float16Array(data)) },
    ]),
  );
}

for (const tiedEmbeddings of [false, true]) {
  const config = { ...TINY, tiedEmbeddings };
  const models = [1, 2, 3].map((seed) => bigWeights(config, seed));
  const embeddings = tiedEmbeddings ? "tied" : "untied";

  deviceTest(`models in half precision give the logits of the rounded models, embeddings ${embeddings}`, () => {
    const stitches = toDevice(noisyStitches(HALF, 2, 3, config));
    const shared = { config, stitch: HALF, stitches };
    const half = stitchModels({ ...shared, ...freezeModels(config, HALF, models) });
    const [hub, ...experts] = models.map(rounded).map(toDevice);
    const ids = tokens(2, T);
    const wanted = stitchedForward(stitchModels({ ...shared, hub: hub!, experts }), ids);
    assertClose(stitchedForward(half, ids), wanted, 1e-4);
    // And with a cache, token by token.
    const model = stitchedLanguageModel(half);
    const states = statesOf(model, 2);
    const parts = Array.from({ length: T }, (_, t) => model.logits(tf.slice(ids, [0, t], [2, 1]), states));
    assertClose(tf.concat(parts, 1), wanted, 1e-4);
    disposeAll(states);
  });

  deviceTest(
    `half precision moves the logits by little more than a weight's rounding, embeddings ${embeddings}`,
    () => {
      const stitches = toDevice(noisyStitches(HALF, 2, 3, config));
      const ids = tokens(2, T);
      const [full, half] = [stitchConfig({ count: 2 }), HALF].map((stitch) =>
        stitchedForward(stitchModels({ config, stitch, ...freezeModels(config, stitch, models), stitches }), ids)
      );
      const scale = tf.max(tf.abs(full!)).dataSync()[0]!;
      // Roundings are independent and shrink in sums; these large weights sharpen attention, which makes them grow.
      assert.ok(difference(half!, full!) > 0 && difference(half!, full!) < 16 * HALF_ERROR * scale);
    },
  );
}

deviceTest("equal models in half precision at identity are the rounded seed", () => {
  const models = Array.from({ length: 4 }, () => bigWeights(TINY, 1));
  const stitches = toDevice(initialStitches(HALF, { stitches: 2, experts: 3, width: TINY.width }, 1));
  const model = stitchModels({ config: TINY, stitch: HALF, ...freezeModels(TINY, HALF, models), stitches });
  const ids = tokens(1, T);
  assertClose(stitchedForward(model, ids), forward(TINY, toDevice(rounded(models[0]!)), ids), 1e-5);
});

Deno.test("`freezeModels()` in half precision takes half the memory but for norms", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const config = { ...TINY, width: 64, inner: 96, vocabSize: 300 };
  const models = [1, 2, 3].map((seed) => bigWeights(config, seed));
  const [full, half] = [stitchConfig({ count: 2 }), HALF].map((stitch) => {
    const before = tf.memory().numBytes;
    const frozen = freezeModels(config, stitch, models);
    const bytes = tf.memory().numBytes - before;
    disposeFrozen(frozen);
    assert.equal(tf.memory().numBytes, before);
    return bytes;
  });
  const norms = 4 * (3 * 2 * config.layers + 1) * config.width;
  assert.equal(half! - norms, (full! - norms) / 2);
  // Nothing stays of the float32 numbers that products use.
  const stitches = toDevice(noisyStitches(HALF, 2, 3, config));
  const frozen = freezeModels(config, HALF, models);
  const model = stitchModels({ config, stitch: HALF, ...frozen, stitches });
  const run = () => tf.tidy(() => void beforeFirstStitch(model, tokens(1, 4)));
  run(); // puts the weights into the memory
  const held = bytesHeld();
  run();
  assert.equal(bytesHeld(), held);
  disposeWeights(stitches);
  disposeFrozen(frozen);
  await device.close();
});

deviceTest("stitches train on models in half precision, which stay as they are", async () => {
  const frozen = freezeModels(TINY, HALF, [1, 2, 3].map((seed) => bigWeights(TINY, seed)));
  const before = await hashFrozen(frozen);
  const variables = toVariables(initialStitches(HALF, { stitches: 2, experts: 2, width: TINY.width }, 1));
  const model = stitchModels({ config: TINY, stitch: HALF, ...frozen, stitches: variables });
  const config = trainConfigSchema.parse({ steps: 12, batch: 2, warmup: 0, lr: 0.02 });
  const losses: number[] = [];
  const onStep = ({ values }: { values: Readonly<Record<string, number>> }) => void losses.push(values["loss"]!);
  const held = tf.memory().numTensors;
  await train(stitching(model, variables, 3, { config, batchAt: () => randomBatch(2, 8, 1), validation: [], onStep }));
  assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `loss ${losses[0]}, then ${losses.at(-1)}`);
  assert.equal(tf.memory().numTensors, held);
  assert.equal(await hashFrozen(frozen), before);
  disposeWeights(variables);
  disposeFrozen(frozen);
});
