// Models run as stacks: the same results as one after another, every weight on the device once, no graph without need.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  disposeWeights,
  forward,
  headLoss,
  inMemory,
  type StoredWeight,
  toDevice,
  toVariables,
} from "../../lib/model/mod.ts";
import {
  beforeFirstStitch,
  disposeFrozen,
  freezeModels,
  hashFrozen,
  initialStitches,
  placeStitches,
  type StitchConfig,
  stitchedLanguageModel,
  type StitchedModel,
  stitchModels,
  streamGroups,
  throughStitches,
} from "../../lib/stitch/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { watchKernels } from "../kernels.ts";
import { bytesHeld } from "../peak.ts";
import {
  assertClose,
  assertFar,
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
const CONFIG = { ...TINY, layers: 4 };

/** The same model twice: one model after another, and as stacks. */
function both(stitch: StitchConfig, experts: number, config = CONFIG): readonly [StitchedModel, StitchedModel] {
  const models = Array.from({ length: experts + 1 }, (_, i) => bigWeights(config, i + 1));
  const [hub, ...rest] = models.map(toDevice);
  const shared = { config, stitch, stitches: toDevice(noisyStitches(stitch, experts, 3, config)) };
  return [
    stitchModels({ ...shared, hub: hub!, experts: rest }),
    stitchModels({ ...shared, ...freezeModels(config, stitch, models) }),
  ];
}

const READINGS: readonly (readonly [string, StitchConfig])[] = [
  ["alternating, K = 4", stitchConfig({ count: 4 })],
  ["alternating, K = 3", stitchConfig({ count: 3 })],
  ["an H2E, then an E2H", stitchConfig({ count: 2, initialization: "hub-preserving" })],
  ["a single E2H", stitchConfig({ count: 1, gates: "scalar" })],
  ["all E2H, passing through", stitchConfig({ count: 3, kinds: "all-e2h", expertAfterE2H: "pass-through" })],
  ["low-rank projections", stitchConfig({ positions: [1, 2, 4], kinds: ["E2H-LR", "H2E", "E2H-LR"], rank: 3 })],
  ["layers after the last stitch", stitchConfig({ positions: [1, 2] })],
];

for (const packed of [undefined, "f16"] as const) {
  deviceTest(
    `frozen models that are read weight by weight are those in memory${packed ? `, as ${packed}` : ""}`,
    async () => {
      const stitch = stitchConfig({ count: 3, frozen: packed === undefined ? "half" : "float32" });
      const models = [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));
      const read = new Map<StoredWeight, number>();
      const stored = models.map((model) =>
        Object.fromEntries(
          Object.entries(model).map(([name, weight]) => {
            const { shape, values } = inMemory(weight);
            const counted: StoredWeight = {
              shape,
              values(begin, end) {
                read.set(counted, read.get(counted)! + end - begin);
                return values(begin, end);
              },
            };
            read.set(counted, 0);
            return [name, counted];
          }),
        )
      );
      using inOne = freezeModels(CONFIG, stitch, models, packed);
      using one = freezeModels(CONFIG, stitch, stored, packed);
      assert.equal(await hashFrozen(one), await hashFrozen(inOne));
      // The hub's last norm and its head are all that is needed of those.
      const unread = [...read].filter(([{ shape }, count]) => count !== tf.util.sizeFromShape([...shape]));
      assert.deepEqual(unread.map(([, count]) => count), unread.map(() => 0), "each number at most once");
      assert.ok(unread.every(([weight]) => Object.values(stored[0]!).every((one) => one !== weight)));
    },
  );
}

for (const [what, stitch] of READINGS) {
  deviceTest(`stacks give the logits of models one by one, ${what}, n = 1, 2, 5`, () => {
    const ids = tokens(2, T, 2);
    const documents = tf.tensor2d([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1], Array(12).fill(7)], [2, T], "int32");
    for (const n of [1, 2, 5]) {
      const [each, stacked] = both(stitch, n);
      const whole = stitchedForward(stacked, ids);
      assertClose(whole, stitchedForward(each, ids), 1e-4, `n = ${n}`);
      const packed = stitchedForward(stacked, ids, { documents });
      assertClose(packed, stitchedForward(each, ids, { documents }), 1e-4, `n = ${n}, packed`);
      assertFar(packed, whole, 0.01, "packed and whole");
    }
  });

  deviceTest(`stacks decode with a cache as the full pass does, ${what}`, () => {
    const [, stacked] = both(stitch, 2);
    const model = stitchedLanguageModel(stacked);
    const ids = tokens(2, T, 2);
    const full = model.logits(ids);
    for (const chunks of [Array<number>(T).fill(1), [5, 1, 4, 2], [T]]) {
      const states = statesOf(model, 2);
      let at = 0;
      for (const chunk of chunks) {
        const part = model.logits(tf.slice(ids, [0, at], [2, chunk]), states);
        assertClose(part, tf.slice(full, [0, at, 0], [2, chunk, -1]), 1e-4, `chunks of ${chunks} at ${at}`);
        at += chunk;
      }
      assert.equal(states[0]!.length, T);
      disposeAll(states);
    }
    const before = tf.memory().numTensors;
    const state = model.decodingState();
    const one = tf.slice(ids, [0, 0], [1, 1]);
    for (let t = 0; t < 3; t++) model.logits(one, [state]).dispose();
    one.dispose();
    state.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
}

deviceTest("stacks of two models of equal rank give the logits of the two one by one", () => {
  const stitch = stitchConfig({ mode: "pair", count: 3 });
  const [each, stacked] = both(stitch, 1);
  const ids = tokens(2, T, 2);
  assertClose(stitchedForward(stacked, ids), stitchedForward(each, ids), 1e-4);
});

deviceTest("stacks of some of the experts give the logits of those one by one", () => {
  const stitch = stitchConfig({ count: 3 });
  const [hub, ...experts] = [1, 2, 3, 4].map((seed) => bigWeights(CONFIG, seed));
  const stitches = toDevice(noisyStitches(stitch, 3, 3, CONFIG));
  const ids = tokens(2, T, 2);
  for (const present of [[1], [3, 1]]) {
    const chosen = present.map((i) => experts[i - 1]!);
    const shared = { config: CONFIG, stitch, stitches, present };
    const each = stitchModels({ ...shared, hub: toDevice(hub!), experts: chosen.map(toDevice) });
    const stacked = stitchModels({ ...shared, ...freezeModels(CONFIG, stitch, [hub!, ...chosen]) });
    assertClose(stitchedForward(stacked, ids), stitchedForward(each, ids), 1e-4, `experts ${present}`);
  }
});

deviceTest("stacks of equal models at identity are the seed", () => {
  const stitch = stitchConfig({ count: 3 });
  const models = Array.from({ length: 4 }, () => bigWeights(CONFIG, 1));
  const stitches = toDevice(initialStitches(stitch, { stitches: 3, experts: 3, width: CONFIG.width }, 1));
  const model = stitchModels({ config: CONFIG, stitch, ...freezeModels(CONFIG, stitch, models), stitches });
  const ids = tokens(1, T);
  assertClose(stitchedForward(model, ids), forward(CONFIG, toDevice(models[0]!), ids), 1e-5);
});

deviceTest("stacks never look ahead, nor from one model's rows into another's", () => {
  const [, model] = both(stitchConfig({ count: 3 }), 2);
  const ids = tokens(2, T);
  const before = stitchedForward(model, ids);
  for (const t of [1, 6, T - 1]) {
    const values = ids.dataSync().slice();
    values[t] = (values[t]! + 7) % CONFIG.vocabSize;
    const after = stitchedForward(model, tf.tensor2d(values, [2, T], "int32"));
    assert.equal(difference(tf.slice(after, [0, 0, 0], [2, t, -1]), tf.slice(before, [0, 0, 0], [2, t, -1])), 0);
    assert.equal(difference(tf.slice(after, [1, 0, 0], [1, -1, -1]), tf.slice(before, [1, 0, 0], [1, -1, -1])), 0);
    assertFar(tf.slice(after, [0, t, 0], [1, -1, -1]), tf.slice(before, [0, t, 0], [1, -1, -1]), 0.01);
  }
});

for (const activations of ["keep", "recompute"] as const) {
  deviceTest(`stacks give every stitch the gradient of models one by one, activations: ${activations}`, () => {
    const stitch = stitchConfig({ count: 3, dropout: 0.2 });
    const models = [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));
    const [hub, ...experts] = models.map(toDevice);
    const variables = toVariables(noisyStitches(stitch, 2, 8, CONFIG));
    const ids = tokens(2, 6);
    const gradients = (frozen: Parameters<typeof stitchModels>[0]) => {
      const model = stitchModels(frozen);
      const streams = beforeFirstStitch(model, ids);
      const run = { dropoutSeed: 7, activations };
      const loss = () => headLoss(CONFIG, model.hub, throughStitches(model, streams, run), tokens(2, 6, 2));
      return tf.variableGrads(loss, Object.values(variables)).grads;
    };
    const shared = { config: CONFIG, stitch, stitches: variables };
    const one = gradients({ ...shared, hub: hub!, experts });
    const stacked = gradients({ ...shared, ...freezeModels(CONFIG, stitch, models) });
    for (const [name, { name: id }] of Object.entries(variables)) {
      const gradient: tf.Tensor | null | undefined = one[id];
      if (gradient == null) assert.ok(stacked[id] == null, name);
      else {
        const scale = tf.max(tf.abs(gradient)).dataSync()[0]!;
        assertClose(stacked[id]!, gradient, 1e-4 * scale + 1e-7, name);
      }
    }
    disposeWeights(variables);
  });
}

deviceTest(
  "`freezeModels()` holds every weight on the device once, except the experts' heads, and frees all of them",
  () => {
    const stitch = stitchConfig({ count: 2 });
    const models = [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));
    const held = () => ({ bytes: tf.memory().numBytes, tensors: tf.memory().numTensors });
    const before = held();
    const frozen = freezeModels(CONFIG, stitch, models);
    const floats = models.flatMap((model) => Object.entries(model)).reduce((sum, [, { data }]) => sum + data.length, 0);
    const unread = 2 * (CONFIG.vocabSize * CONFIG.width + CONFIG.width); // the experts' heads and last norms
    assert.equal(held().bytes - before.bytes, 4 * (floats - unread));
    disposeFrozen(frozen);
    assert.deepEqual(held(), before);
  },
);

Deno.test("`streamGroups()` of the paper's stitches: no graph before the first, none of the hub before the first E2H", () => {
  const stitch = stitchConfig({ count: 4 });
  const groups = streamGroups(stitch, placeStitches(stitch, 8), 3, 8);
  const all = [0, 1, 2];
  const split = [{ models: [0], graph: false }, { models: [1, 2], graph: true }];
  const [none, every] = [[{ models: all, graph: false }], [{ models: all, graph: true }]];
  assert.deepEqual(groups, [none, none, split, split, every, every, every, every]);
});

Deno.test("`streamGroups()`: after the last stitch only the hub; experts that pass through need no graph", () => {
  const late = stitchConfig({ positions: [1, 2] });
  assert.deepEqual(streamGroups(late, placeStitches(late, 4), 2, 4).slice(2), [
    [{ models: [0], graph: true }],
    [{ models: [0], graph: true }],
  ]);
  const passing = stitchConfig({ count: 2, kinds: "all-e2h", expertAfterE2H: "pass-through" });
  assert.deepEqual(streamGroups(passing, placeStitches(passing, 2), 3, 2)[1], [
    { models: [1, 2], graph: false },
    { models: [0], graph: true },
  ]);
});

Deno.test("a stitch step computes no gradient of what no stitch lies before, and none of a frozen weight", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const stitch = stitchConfig({ positions: [1, 3] }); // an H2E, then an E2H; L = 4
  const models = [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));
  for (const stacked of [true, false]) {
    const variables = toVariables(noisyStitches(stitch, 2, 8, CONFIG));
    const [hub, ...experts] = models.map(toDevice);
    const frozen = stacked ? freezeModels(CONFIG, stitch, models) : { hub: hub!, experts };
    const model = stitchModels({ config: CONFIG, stitch, ...frozen, stitches: variables });
    const streams = beforeFirstStitch(model, tokens(2, 6));
    const calls = new Map<string, number>();
    const loss = () => headLoss(CONFIG, model.hub, throughStitches(model, streams), tokens(2, 6, 2));
    watchKernels(
      () => void tf.variableGrads(loss, Object.values(variables)),
      (name) => calls.set(name, (calls.get(name) ?? 0) + 1),
    );
    // Experts in the two layers between the stitches, the hub in the one after the last.
    assert.equal(calls.get("StitchbookCausalAttentionGrad"), stacked ? 3 : 5);
    assert.equal(calls.get("StitchbookCausalAttention"), stacked ? 5 : 7);
    assert.equal(calls.get("StitchbookRmsNormGradW"), undefined);
    disposeWeights(variables);
  }
  await device.close();
});

deviceTest("stacks stay as they are while stitches train, and 20 steps keep tensors and bytes flat", async () => {
  const stitch = stitchConfig({ count: 2, dropout: 0.1 });
  const frozen = freezeModels(CONFIG, stitch, [1, 2, 3].map((seed) => bigWeights(CONFIG, seed)));
  const before = await hashFrozen(frozen);
  const size = { stitches: 2, experts: 2, width: CONFIG.width };
  const variables = toVariables(initialStitches(stitch, size, 1));
  const model = stitchModels({ config: CONFIG, stitch, ...frozen, stitches: variables });
  const config = trainConfigSchema.parse({ steps: 20, batch: 2, warmup: 0, lr: 0.01 });
  const held: string[] = [];
  const losses: number[] = [];
  const onStep = ({ values }: { values: Readonly<Record<string, number>> }) => {
    held.push(`${tf.memory().numTensors} tensors, ${bytesHeld()} bytes`);
    losses.push(values["loss"]!);
  };
  await train(stitching(model, variables, 3, { config, batchAt: () => randomBatch(2, 8, 1), validation: [], onStep }));
  assert.deepEqual([...new Set(held.slice(2))], [held.at(-1)]);
  assert.ok(losses.at(-1)! < losses[0]!, `loss ${losses[0]}, then ${losses.at(-1)}`);
  assert.equal(await hashFrozen(frozen), before);
  disposeWeights(variables);
  disposeFrozen(frozen);
});

deviceTest("`stitchModels()` refuses stacks that were made for other stitches or experts, and wrong models", () => {
  const stitch = stitchConfig({ count: 2 });
  const models = [1, 2, 3].map((seed) => bigWeights(CONFIG, seed));
  const stitches = toDevice(noisyStitches(stitch, 2, 3, CONFIG));
  const refuses = (frozen: ReturnType<typeof freezeModels>) =>
    assert.throws(
      () => stitchModels({ config: CONFIG, stitch, ...frozen, stitches }),
      (error) => error instanceof UserError && error.code === "stitch.stacks",
    );
  refuses(freezeModels(CONFIG, stitchConfig({ count: 3 }), models));
  const { stacks } = freezeModels(CONFIG, stitch, models.slice(0, 2));
  refuses({ ...freezeModels(CONFIG, stitch, models), stacks });
  assert.throws(
    () => freezeModels({ ...CONFIG, width: 8 }, stitch, models),
    /The hub: .* has the shape \[40,16\], not \[40,8\]/,
  );
});
