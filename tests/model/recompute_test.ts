// Layers computed again in the backward pass: the same bytes, less memory.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { headLoss, hiddenStates, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import { stitchModels } from "../../lib/stitch/mod.ts";
import { recompute, variableGradients } from "../../lib/tensor/mod.ts";
import { pretraining, stitching, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { bytesHeld, peakBytes } from "../peak.ts";
import { assertFar, bigWeights, difference, noisyStitches, randomBatch, stitchConfig, TINY, tokens } from "../tiny.ts";

const MODES = ["keep", "recompute"] as const;

for (const tiedEmbeddings of [false, true]) {
  for (const packed of [false, true]) {
    const what = `${tiedEmbeddings ? "tied" : "untied"} embeddings${packed ? ", packed documents" : ""}`;
    deviceTest(`recomputing layers gives the loss and every gradient bit for bit, ${what}`, () => {
      const config = { ...TINY, tiedEmbeddings };
      const variables = toVariables(bigWeights(config, 3));
      const ids = tokens(2, 6, 4);
      const documents = packed ? tf.tensor2d([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1]], [2, 6], "int32") : undefined;
      const [kept, again] = MODES.map((activations) =>
        tf.variableGrads(
          () =>
            headLoss(
              config,
              variables,
              hiddenStates(config, variables, ids, { documents, activations }),
              tokens(2, 6, 5),
            ),
          Object.values(variables),
        )
      );
      assert.equal(difference(again!.value, kept!.value), 0);
      for (const [name, variable] of Object.entries(variables)) {
        assert.equal(difference(again!.grads[variable.name]!, kept!.grads[variable.name]!), 0, name);
      }
      const up = kept!.grads[variables["model.layers.0.mlp.up_proj.weight"]!.name]!;
      assertFar(up, tf.zerosLike(up), 1e-4);
      tf.dispose(variables);
    });
  }
}

deviceTest("recomputing frozen layers gives the gradient of what goes in, and only that", () => {
  const weights = toDevice(bigWeights(TINY, 3));
  const table = tf.variable(weights["model.embed_tokens.weight"]!);
  const trained = { ...weights, "model.embed_tokens.weight": table };
  const ids = tokens(2, 6, 4);
  const gradients = MODES.map((activations) => {
    const run = () => headLoss(TINY, trained, hiddenStates(TINY, trained, ids, { activations }), tokens(2, 6, 5));
    return tf.variableGrads(run, [table]).grads[table.name]!;
  });
  assert.equal(difference(gradients[1]!, gradients[0]!), 0);
  table.dispose();
});

deviceTest("`recompute()` nests, and leaves the tape around it and no tensors behind", () => {
  const w = tf.variable(tf.tensor1d([1.5, -0.5, 2]));
  const before = tf.memory().numTensors;
  const inner = (x: tf.Tensor) => tf.tanh(tf.mul(x, w));
  const plain = (x: tf.Tensor) => tf.sum(tf.mul(inner(tf.mul(inner(x), inner(x))), w));
  const again = (x: tf.Tensor) => {
    const once = (x: tf.Tensor) => recompute(inner, x, [w], []);
    const twice = (x: tf.Tensor) => recompute((x) => once(tf.mul(once(x), once(x))), x, [w], []);
    return tf.sum(tf.mul(twice(x), w));
  };
  const [a, b] = [plain, again].map((f) =>
    tf.tidy(() => {
      const x = tf.tensor1d([0.3, 0.9, -0.4]);
      return tf.grads((x) => f(x!))([x, w]).concat(tf.variableGrads(() => f(x).asScalar(), [w]).grads[w.name]!)
        .map((gradient) => [...gradient.dataSync()]);
    })
  );
  // What nests adds the parts of a gradient up in another order.
  b!.flat().forEach((gradient, i) => assert.ok(Math.abs(gradient - a!.flat()[i]!) < 1e-6));
  assert.equal(tf.memory().numTensors, before);
  w.dispose();
});

deviceTest("training with recomputed layers ends with the same bytes, of a decoder and of stitches", async () => {
  const stitch = stitchConfig({ count: 2, dropout: 0.1 });
  const hashes: string[] = [];
  for (const activations of MODES) {
    const config = trainConfigSchema.parse({ steps: 3, batch: 2, warmup: 0, activations });
    const options = { config, batchAt: (step: number) => randomBatch(2, 8, step), validation: [] };
    const weights = toVariables(bigWeights(TINY, 1));
    await train(pretraining(TINY, weights, options));
    const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
    const stitches = toVariables(noisyStitches(stitch, 2, 1));
    const model = stitchModels({ config: TINY, stitch, hub: hub!, experts, stitches });
    await train(stitching(model, stitches, 5, options));
    hashes.push(hashTensors({ ...await toHost(weights), ...await toHost(stitches) }));
    tf.dispose([weights, stitches]);
  }
  assert.equal(hashes[1], hashes[0]);
});

deviceTest("recomputing layers holds less at its peak: the deeper the model, the more is saved", () => {
  const ratios = [2, 6].map((layers) => {
    const config = { ...TINY, layers, contextLength: 32, vocabSize: 8 };
    const variables = toVariables(bigWeights(config, 3));
    const ids = tokens(4, 32, 4, 8);
    const step = (activations: typeof MODES[number]) => () =>
      tf.tidy(() =>
        void variableGradients(
          () => headLoss(config, variables, hiddenStates(config, variables, ids, { activations }), ids),
          Object.values(variables),
        )
      );
    step("keep")();
    const before = bytesHeld();
    const [kept, again] = MODES.map((activations) => peakBytes(step(activations)));
    assert.equal(bytesHeld(), before);
    tf.dispose(variables);
    return again! / kept!;
  });
  assert.ok(ratios[0]! < 0.9 && ratios[1]! < 0.5 && ratios[1]! < ratios[0]!, `peaks with and without: ${ratios}`);
});
