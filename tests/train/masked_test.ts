// Training on a part of the tokens: losses and gradients are means over those of the whole batch.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { headLosses, hiddenStates, initialWeights, toHost, toVariables } from "../../lib/model/mod.ts";
import { variableGradients } from "../../lib/tensor/mod.ts";
import { createOptimizer, pretraining, toDeviceBatch, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { meanGradients } from "../../lib/train/step.ts";
import { deviceTest } from "../backends.ts";
import { randomBatch, TINY } from "../tiny.ts";

const CONFIG = { ...TINY, layers: 1 };

/** Rows with 0, 1, 2, … scored targets. */
function masked(batch: Batch): Batch {
  const targets = batch.targets.map((id, i) => i % batch.time < Math.floor(i / batch.time) ? id : -1);
  return { ...batch, targets };
}

deviceTest("gradients are those of the mean over all scored tokens, for any number of micro-batches", () => {
  using weights = toVariables(initialWeights(CONFIG, 1));
  const batch = masked(randomBatch(4, 8, 3));
  const optimizer = createOptimizer(weights, trainConfigSchema.parse({}));
  const parameters = optimizer.slots.map(({ parameter }) => parameter);
  // Written out: the sum over scored tokens, divided by their number.
  const { inputs, targets, documents } = toDeviceBatch(batch);
  const wanted = variableGradients(() => {
    const losses = headLosses(CONFIG, weights, hiddenStates(CONFIG, weights, inputs, { documents }), targets);
    return tf.div(tf.sum(losses), 0 + 1 + 2 + 3) as tf.Scalar;
  }, parameters);
  for (const accumulate of [1, 2, 4]) {
    const config = trainConfigSchema.parse({ batch: 4, accumulate });
    const task = pretraining(CONFIG, weights, { config, batchAt: () => batch, validation: [] });
    const found = meanGradients(task, parameters, batch, 1);
    assertNear(found.loss, wanted.value);
    found.gradients.forEach((gradient, i) => assertNear(gradient, wanted.gradients[i]!));
    tf.dispose([found.loss, ...found.gradients]);
  }
  optimizer.dispose();
});

function assertNear(found: tf.Tensor, wanted: tf.Tensor): void {
  const [a, b] = [found.dataSync(), wanted.dataSync()];
  const scale = Math.max(...b.map(Math.abs));
  assert.ok(
    a.every((value, i) => Math.abs(value - b[i]!) <= 1e-5 * scale),
    `${[...a.slice(0, 4)]}, ${[...b.slice(0, 4)]}`,
  );
}

deviceTest("a batch without a scored token changes nothing, and the step counts", async () => {
  using weights = toVariables(initialWeights(CONFIG, 1));
  const config = trainConfigSchema.parse({ steps: 3, batch: 4, warmup: 0, lr: 0.01 });
  const none = (batch: Batch): Batch => ({ ...batch, targets: batch.targets.map(() => -1) });
  const hashes: string[] = [];
  const reports: Readonly<Record<string, number>>[] = [];
  const result = await train({
    ...pretraining(CONFIG, weights, {
      config,
      batchAt: (step) => step === 1 ? none(randomBatch(4, 8, step)) : masked(randomBatch(4, 8, step)),
      validation: [],
      onStep: ({ values }) => reports.push(values),
    }),
    checkpoints: {
      due: () => true,
      save: async () => void hashes.push(hashTensors(await toHost(weights))),
    },
  });
  assert.deepEqual([result.steps, result.tokens], [3, 96]);
  assert.equal(hashes[1], hashes[0]);
  assert.notEqual(hashes[2], hashes[1]);
  assert.deepEqual(reports.map(({ loss }) => loss === undefined), [false, true, false]);
});
