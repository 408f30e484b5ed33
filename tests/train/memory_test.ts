// 300 steps of each kind of training leave as many tensors, and as many bytes of them, as the third.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { disposeWeights, toVariables } from "../../lib/model/mod.ts";
import { disposeFrozen, freezeModels, initialStitches, stitchModels } from "../../lib/stitch/mod.ts";
import { heapBytes, openDevice } from "../../lib/tensor/mod.ts";
import { pretraining, stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { bigWeights, randomBatch, stitchConfig, TINY } from "../tiny.ts";

const STEPS = 300;
const batchAt = (step: number) => randomBatch(2, 8, step);

/** What is held after every step, each state once; the first two steps warm up. */
function watch() {
  const states = new Set<string>();
  const onStep = ({ step }: { step: number }) => {
    if (step > 2) states.add(`${tf.memory().numTensors} tensors, ${heapBytes()!.used} bytes`);
  };
  return { states, onStep };
}

for (const [activations, frozen] of [["keep", "float32"], ["recompute", "half"]] as const) {
  const config = trainConfigSchema.parse({ steps: STEPS, batch: 2, warmup: 0, lr: 1e-4, activations });

  Deno.test(`${STEPS} steps of pretraining keep tensors and bytes flat, activations: ${activations}`, async () => {
    const device = await openDevice("cpu", { threads: 2 });
    const before = tf.memory().numTensors;
    const variables = toVariables(bigWeights(TINY, 1));
    const { states, onStep } = watch();
    await train(pretraining(TINY, variables, { config, batchAt, onStep, validation: [] }));
    assert.equal(states.size, 1, [...states].join("; "));
    disposeWeights(variables);
    assert.equal(tf.memory().numTensors, before);
    await device.close();
  });

  const what = `activations: ${activations}, frozen: ${frozen}`;
  Deno.test(`${STEPS} steps of stitching keep tensors and bytes flat, ${what}`, async () => {
    const device = await openDevice("cpu", { threads: 2 });
    const before = tf.memory().numTensors;
    const stitch = stitchConfig({ count: 2, dropout: 0.1, frozen });
    const models = freezeModels(TINY, stitch, [1, 2, 3].map((seed) => bigWeights(TINY, seed)));
    const variables = toVariables(initialStitches(stitch, { stitches: 2, experts: 2, width: TINY.width }, 1));
    const model = stitchModels({ config: TINY, stitch, ...models, stitches: variables });
    const { states, onStep } = watch();
    await train(stitching(model, variables, 3, { config, batchAt, onStep, validation: [] }));
    assert.equal(states.size, 1, [...states].join("; "));
    disposeWeights(variables);
    disposeFrozen(models);
    assert.equal(tf.memory().numTensors, before);
    await device.close();
  });
}
