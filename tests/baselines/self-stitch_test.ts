// Self-Stitch: stitches between copies of one model that share its weights.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { selfStitch } from "../../lib/baselines/self-stitch/method.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { decoder, type HostWeights, parameterCount, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import {
  freezeModels,
  hashFrozen,
  initialStitches,
  type StitchConfig,
  stitchedLanguageModel,
  stitchModels,
} from "../../lib/stitch/mod.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, noisyStitches, randomBatch, stitchConfig, TINY, tokens } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const SEED = bigWeights(TINY, 1);
const WEIGHT_BYTES = 4 * parameterCount(TINY);

/** Copies with tensors of their own. */
function separate(copies: number): HostWeights[] {
  return Array.from(
    { length: copies },
    () =>
      Object.fromEntries(Object.entries(SEED).map(([name, { shape, data }]) => [name, { shape, data: data.slice() }])),
  );
}

const shared = (copies: number): HostWeights[] => Array.from({ length: copies }, () => SEED);

deviceTest("copies that share their weights give what separate copies do, in the memory of one model", () => {
  for (const stitch of [stitchConfig(), stitchConfig({ kinds: "all-e2h", count: 3 })]) {
    const stitches = toDevice(noisyStitches(stitch, 3, 5));
    const of = (models: readonly HostWeights[]) => {
      const before = tf.memory().numBytes;
      const frozen = freezeModels(TINY, stitch, models);
      const bytes = tf.memory().numBytes - before;
      return {
        bytes,
        logits: stitchedForward(stitchModels({ config: TINY, stitch, ...frozen, stitches }), tokens(2, 9)),
      };
    };
    const [one, four] = [of(shared(4)), of(separate(4))];
    assertClose(one.logits, four.logits, 1e-4);
    assert.equal(one.bytes, WEIGHT_BYTES);
    assert.ok(four.bytes > 2.5 * WEIGHT_BYTES, `${four.bytes}`);
  }
});

deviceTest("freezing copies that share their weights frees each tensor, and hashes all of them", async () => {
  const stitch = stitchConfig();
  const before = tf.memory().numTensors;
  const hashes: string[] = [];
  for (const models of [shared(3), separate(3)]) {
    using frozen = freezeModels(TINY, stitch, models);
    hashes.push(await hashFrozen(frozen));
  }
  assert.equal(new Set(hashes).size, 2);
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("decoding with a cache equals the full pass where copies share their weights", () => {
  const stitch = stitchConfig({ count: 3 });
  const stitches = toDevice(noisyStitches(stitch, 2, 5));
  const model = stitchedLanguageModel(
    stitchModels({ config: TINY, stitch, ...freezeModels(TINY, stitch, shared(3)), stitches }),
  );
  const ids = tokens(2, 9);
  const states = statesOf(model, 2);
  const parts = [4, 1, 3, 1].map((chunk) => model.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states));
  assertClose(tf.concat(parts, 1), model.logits(ids), 1e-3);
  disposeAll(states);
});

deviceTest("Self-Stitch starts as the seed", () => {
  const config = { copies: 2, stitch: stitchConfig() };
  const training = selfStitch.start({ model: TINY, config, models: [SEED], rngSeed: 1 });
  const frozen = freezeModels(TINY, config.stitch, shared(3));
  const start = stitchModels({ config: TINY, stitch: config.stitch, ...frozen, stitches: training.variables });
  assertClose(stitchedForward(start, tokens(2, 9)), decoder(TINY, toDevice(SEED)).logits(tokens(2, 9)), 1e-3);
});

/** Stitch parameters after a few steps of training. */
async function trainedStitches(stitch: StitchConfig, models: readonly HostWeights[] | "method"): Promise<HostWeights> {
  const options = {
    config: trainConfigSchema.parse({ steps: 4, batch: 2, warmup: 0, lr: 0.01 }),
    batchAt: (step: number) => randomBatch(2, 12, step),
    validation: [],
  };
  if (models === "method") {
    using training = selfStitch.start({ model: TINY, config: { copies: 3, stitch }, models: [SEED], rngSeed: 7 });
    await train(training.task(options));
    return await toHost(training.variables);
  }
  using frozen = freezeModels(TINY, stitch, models);
  const size = { stitches: stitch.count, experts: models.length - 1, width: TINY.width };
  using stitches = toVariables(initialStitches(stitch, size, 7));
  const whole = stitchModels({ config: TINY, stitch, ...frozen, stitches });
  await train(stitching(whole, stitches, 7, options));
  return await toHost(stitches);
}

Deno.test("Self-Stitch is trained as BTS is: as the stitches between separate copies of the seed", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  try {
    const stitch = stitchConfig({ dropout: 0.1 });
    const [method, sharing, apart] = [
      await trainedStitches(stitch, "method"),
      await trainedStitches(stitch, shared(4)),
      await trainedStitches(stitch, separate(4)),
    ];
    assert.equal(hashTensors(method), hashTensors(sharing));
    let moved = 0;
    for (const [name, { data }] of Object.entries(method)) {
      // Products of other shapes may round otherwise, and Adam divides by the gradient's size.
      assertCloseTo(data, apart[name]!.data, 2e-3, name);
      moved = Math.max(moved, ...data.map((value, i) => Math.abs(value - initialValue(name, i))));
    }
    assert.ok(moved > 0.01, `training moved the stitches by ${moved}`);
  } finally {
    await device.close();
  }
});

Deno.test("without dropout the stitches of all copies stay equal, and with dropout they do not", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  try {
    for (const dropout of [0, 0.1]) {
      const stitches = await trainedStitches(stitchConfig({ dropout }), "method");
      const [first, second] = [1, 2].map((copy) => stitches[`stitch.1.projection.${copy}`]!.data);
      const largest = Math.max(...first!.map((value, i) => Math.abs(value - second![i]!)));
      assert.ok(dropout === 0 ? largest < 1e-5 : largest > 1e-4, `dropout ${dropout}: they differ by ${largest}`);
    }
  } finally {
    await device.close();
  }
});

const initialValue = (name: string, i: number) =>
  name.includes("projection") && Math.floor(i / TINY.width) === i % TINY.width ? 1 : 0;

function assertCloseTo(found: Float32Array, wanted: Float32Array, tolerance: number, what: string): void {
  const largest = Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)));
  assert.ok(largest <= tolerance, `${what} differs by ${largest}`);
}

deviceTest("models that differ are never taken for copies", () => {
  const stitch = stitchConfig();
  const stitches = toDevice(noisyStitches(stitch, 2, 5));
  const of = (models: readonly HostWeights[]) =>
    stitchedForward(
      stitchModels({ config: TINY, stitch, ...freezeModels(TINY, stitch, models), stitches }),
      tokens(2, 9),
    );
  const other = bigWeights(TINY, 2);
  assertFar(of([SEED, SEED, other]), of([SEED, SEED, SEED]), 0.01);
  // Two models that share one tensor only, as after a merge of a part.
  const half = { ...other, "model.norm.weight": SEED["model.norm.weight"]! };
  assertClose(of([SEED, half, other]), of([SEED, { ...half }, other]), 1e-4);
});
