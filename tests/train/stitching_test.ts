// The stitching phase in the loop: it learns, keeps documents apart, and keeps no tensors.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../../lib/data/mod.ts";
import { disposeWeights, toDevice, toVariables } from "../../lib/model/mod.ts";
import { initialStitches, type StitchConfig, stitchedLanguageModel, stitchModels } from "../../lib/stitch/mod.ts";
import { crossEntropy } from "../../lib/tensor/mod.ts";
import {
  type StepReport,
  stitching,
  toDeviceBatch,
  train,
  type TrainConfig,
  trainConfigSchema,
} from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, randomBatch, stitchConfig, TINY as CONFIG } from "../tiny.ts";

interface Setting {
  readonly stitch?: StitchConfig;
  readonly changes?: Partial<TrainConfig>;
  readonly batchAt?: (step: number) => Batch;
  readonly validation?: readonly Batch[];
  readonly onStep?: (report: StepReport) => void;
}

async function stitchTiny({ stitch = stitchConfig(), changes = {}, batchAt, validation = [], onStep }: Setting) {
  const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(CONFIG, seed)));
  const variables = toVariables(
    initialStitches(stitch, { stitches: stitch.count, experts: 2, width: CONFIG.width }, 1),
  );
  const model = stitchModels({ config: CONFIG, stitch, hub: hub!, experts, stitches: variables });
  const config = trainConfigSchema.parse({ steps: 10, batch: 2, warmup: 0, ...changes });
  const batches = batchAt ?? ((step: number) => randomBatch(2, 8, step));
  const reports: StepReport[] = [];
  const report = (step: StepReport) => {
    reports.push(step);
    onStep?.(step);
  };
  const result = await train(stitching(model, variables, 3, { config, batchAt: batches, validation, onStep: report }));
  const losses = (batch: Batch) => {
    const value = tf.tidy(() => {
      const { inputs, targets } = toDeviceBatch(batch);
      const logits = stitchedLanguageModel(model).logits(inputs).reshape([-1, CONFIG.vocabSize]) as tf.Tensor2D;
      return tf.mean(crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D)).dataSync()[0]!;
    });
    return value;
  };
  const after = validation.map(losses);
  [variables, hub!, ...experts].forEach(disposeWeights);
  return { result, reports, after };
}

deviceTest("`stitching()` learns to predict a repeated batch from frozen models alone", async () => {
  const batch = randomBatch(2, 8, 5);
  const { reports } = await stitchTiny({ changes: { steps: 30, lr: 0.03, weightDecay: 0 }, batchAt: () => batch });
  const [first, last] = [reports[0]!.values["loss"]!, reports.at(-1)!.values["loss"]!];
  assert.ok(last < 0.3 * first, `loss ${first}, then ${last}`);
});

deviceTest("`stitching()` validates without dropout, on the mean over batches", async () => {
  const validation = [randomBatch(2, 8, 70), randomBatch(2, 8, 71)];
  const stitch = stitchConfig({ dropout: 0.5 });
  const { result, after } = await stitchTiny({ stitch, validation, changes: { steps: 3 } });
  assert.ok(Math.abs(result.validation! - (after[0]! + after[1]!) / 2) < 1e-5);
});

deviceTest("`stitching()` shows no token to another document, before or after the first stitch", async () => {
  // The first document's tokens change; a loss on the second document alone does not.
  const batchOf = (seed: number): Batch => {
    const batch = randomBatch(1, 8, 9);
    batch.inputs.set(randomBatch(1, 4, seed).inputs);
    batch.targets.fill(-1, 0, 4);
    return { ...batch, documents: Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1]) };
  };
  const loss = async (batch: Batch) =>
    (await stitchTiny({ batchAt: () => batch, changes: { steps: 1, batch: 1 } })).result.loss;
  const [a, b] = [await loss(batchOf(20)), await loss(batchOf(21))];
  assert.ok(a > 0 && Math.abs(a - b) < 1e-6, `${a} and ${b}`);
  const whole = (batch: Batch) => ({ ...batch, documents: new Int32Array(8) });
  const [c, d] = [await loss(whole(batchOf(20))), await loss(whole(batchOf(21)))];
  assert.ok(Math.abs(c - d) > 1e-3, `${c} and ${d}: in one document, the change must show`);
});

deviceTest("`stitching()` keeps no tensors: the count is flat over 50 steps and zero at the end", async () => {
  const before = tf.memory().numTensors;
  const counts: number[] = [];
  await stitchTiny({
    stitch: stitchConfig({ dropout: 0.1 }),
    changes: { steps: 50, batch: 1, validateEvery: 9 },
    batchAt: (step) => randomBatch(1, 4, step),
    validation: [randomBatch(1, 4, 99)],
    onStep: () => counts.push(tf.memory().numTensors),
  });
  assert.equal(counts.length, 50);
  assert.deepEqual([...new Set(counts)], [counts[0]]);
  assert.equal(tf.memory().numTensors, before);
});
