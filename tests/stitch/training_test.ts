// What training the stitches changes: only the stitches, never what is frozen, never the H2E hub gate.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { disposeWeights, type HostWeights, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import {
  beforeFirstStitch,
  initialStitches,
  type StitchConfig,
  type StitchKindName,
  stitchModels,
} from "../../lib/stitch/mod.ts";
import { crossEntropy } from "../../lib/tensor/mod.ts";
import { stitching, train, type TrainConfig, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertGradient, bigWeights, noisyStitches, randomBatch, stitchConfig, TINY, tokens } from "../tiny.ts";
import { fromFirstStitch } from "../../lib/stitch/model.ts";
import { gateName } from "../../lib/stitch/kinds/gate-logits.ts";

const CONFIG = TINY;
const SIZE = { stitches: 3, experts: 2, width: CONFIG.width };

/** Trains stitches that start as `start` between three frozen models, and returns everything as it is afterwards. */
async function stitchFor(
  stitch: StitchConfig,
  start: HostWeights,
  changes: Partial<TrainConfig> = {},
): Promise<{ stitches: HostWeights; frozen: HostWeights[] }> {
  const models = [1, 2, 3].map((seed) => toDevice(bigWeights(CONFIG, seed)));
  const variables = toVariables(start);
  const model = stitchModels({
    config: CONFIG,
    stitch,
    hub: models[0]!,
    experts: models.slice(1),
    stitches: variables,
  });
  const config = trainConfigSchema.parse({ steps: 3, batch: 2, warmup: 0, lr: 0.01, weightDecay: 0.5, ...changes });
  await train(stitching(model, variables, 9, { config, batchAt: (step) => randomBatch(2, 8, step), validation: [] }));
  const result = { stitches: await toHost(variables), frozen: await Promise.all(models.map(toHost)) };
  [variables, ...models].forEach(disposeWeights);
  return result;
}

const kindsOf = (kinds: "alternating" | "all-e2h" | readonly StitchKindName[]) =>
  typeof kinds === "string" ? kinds : [...kinds];

const bytesOf = ({ data }: { data: Float32Array }) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];

for (const initialization of ["identity", "hub-preserving", "random"] as const) {
  for (const kinds of ["alternating", "all-e2h", ["E2H-LR", "H2E", "E2H-LR"]] as const) {
    const what = `${initialization} initialization, ${kinds}`;
    deviceTest(`\`stitching()\` changes every stitch and nothing that is frozen, ${what}`, async () => {
      const stitch = stitchConfig({ count: 3, kinds: kindsOf(kinds), initialization, dropout: 0.1 });
      const start = initialStitches(stitch, SIZE, 4);
      const before = [1, 2, 3].map((seed) => hashTensors(bigWeights(CONFIG, seed)));
      const { stitches, frozen } = await stitchFor(stitch, start);
      assert.deepEqual(frozen.map((weights) => hashTensors(weights)), before);
      // Alternating K = 3 is E2H, H2E, E2H: the second stitch's hub gate is never read.
      const unread = kinds !== "all-e2h" ? [gateName(1, 0), "stitch.1.gate_bias.0"] : [];
      for (const [name, tensor] of Object.entries(stitches)) {
        const same = String(bytesOf(tensor)) === String(bytesOf(start[name]!));
        assert.equal(same, unread.includes(name), `${name} ${same ? "did not change" : "changed"}`);
      }
    });
  }
}

deviceTest("the hub's gate of an H2E stitch has no gradient at all, wherever the stitches are", () => {
  const stitch = stitchConfig({ count: 3, dropout: 0.1 });
  const variables = toVariables(noisyStitches(stitch, 2, 6, CONFIG));
  const models = [1, 2, 3].map((seed) => toDevice(bigWeights(CONFIG, seed)));
  const [hub, ...experts] = models;
  const model = stitchModels({ config: CONFIG, stitch, hub: hub!, experts, stitches: variables });
  const ids = tokens(2, 6);
  const { grads } = tf.variableGrads(
    () => tf.mean(tf.square(fromFirstStitch(model, beforeFirstStitch(model, ids), { dropoutSeed: 3 }))) as tf.Scalar,
    Object.values(variables),
  );
  for (const [name, variable] of Object.entries(variables)) {
    const gradient: tf.Tensor | null | undefined = grads[variable.name];
    const zero = gradient == null || gradient.dataSync().every((value) => value === 0);
    assert.equal(zero, name === gateName(1, 0), name);
  }
  disposeWeights(variables);
});

for (
  const [gates, initialization, kinds] of [
    ["vector", "random", "alternating"],
    ["scalar", "random", "alternating"],
    ["vector", "hub-preserving", "alternating"],
    ["vector", "identity", ["E2H-LR", "H2E", "E2H-LR"]],
  ] as const
) {
  deviceTest(`\`fromFirstStitch()\` has the gradients of its loss, ${gates} gates, ${initialization}, ${kinds}`, () => {
    const stitch = stitchConfig({ count: 3, kinds: kindsOf(kinds), rank: 3, gates, initialization, dropout: 0.2 });
    const start = noisyStitches(stitch, 2, 8, CONFIG);
    const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(CONFIG, seed)));
    const ids = tokens(2, 6);
    const targets = tokens(2, 6, 2).reshape([12]) as tf.Tensor1D;
    const documents = tf.tensor2d([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1]], [2, 6], "int32");
    const loss = (stitches: Readonly<Record<string, tf.Tensor>>): tf.Scalar => {
      const model = stitchModels({ config: CONFIG, stitch, hub: hub!, experts, stitches });
      const logits = fromFirstStitch(model, beforeFirstStitch(model, ids, { documents }), {
        documents,
        dropoutSeed: 7,
      });
      return tf.mean(crossEntropy(logits.reshape([12, CONFIG.vocabSize]) as tf.Tensor2D, targets));
    };
    const variables = toVariables(start);
    const { grads } = tf.variableGrads(() => loss(variables), Object.values(variables));
    for (const [name, { shape, data }] of Object.entries(start)) {
      if (name === gateName(1, 0) || name === "stitch.1.gate_bias.0") continue;
      const lossOf = (values: Float32Array) =>
        tf.tidy(() => loss({ ...variables, [name]: tf.tensor(values, [...shape]) }).dataSync()[0]!);
      const probe = data.length === 1 ? { places: [0], step: 0.02 } : { places: [1, data.length - 3] };
      assertGradient(data, grads[variables[name]!.name]!.dataSync(), lossOf, probe, name);
    }
    disposeWeights(variables);
  });
}

deviceTest("`stitching()` trains a hub and a single expert, into the expert too", async () => {
  const stitch = stitchConfig({ count: 2 });
  const [hub, expert] = [1, 2].map((seed) => toDevice(bigWeights(CONFIG, seed)));
  const start = initialStitches(stitch, { stitches: 2, experts: 1, width: CONFIG.width }, 1);
  const variables = toVariables(start);
  const model = stitchModels({ config: CONFIG, stitch, hub: hub!, experts: [expert!], stitches: variables });
  assert.deepEqual(model.places.map(({ kind }) => kind), ["H2E", "E2H"]);
  const config = trainConfigSchema.parse({ steps: 2, batch: 2, warmup: 0 });
  await train(stitching(model, variables, 9, { config, batchAt: (step) => randomBatch(2, 8, step), validation: [] }));
  const trained = await toHost(variables);
  // All but the hub's gate of the H2E stitch, which nothing reads.
  const kept = Object.keys(start).filter((name) =>
    hashTensors({ x: start[name]! }) === hashTensors({ x: trained[name]! })
  );
  assert.deepEqual(kept, [gateName(0, 0)]);
  [variables, hub!, expert!].forEach(disposeWeights);
});

deviceTest("`stitching()` repeats bit for bit from its seed, dropout and all", async () => {
  const stitch = stitchConfig({ count: 2, dropout: 0.3 });
  const start = noisyStitches(stitch, 2, 6, CONFIG);
  const first = await stitchFor(stitch, start);
  assert.equal(hashTensors((await stitchFor(stitch, start)).stitches), hashTensors(first.stitches));
  const undropped = await stitchFor({ ...stitch, dropout: 0 }, start);
  assert.notEqual(hashTensors(undropped.stitches), hashTensors(first.stitches));
});
