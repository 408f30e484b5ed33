// Weights for inference: held as asked for, and the logits of the numbers that are held.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  decoder,
  type HostTensor,
  type HostWeights,
  initialWeights,
  inMemory,
  modelConfigSchema,
  packedStack,
  packWeights,
  WEIGHT_FORMATS,
  type WeightFormat,
  type Weights,
} from "../../lib/model/mod.ts";
import { heapBytes, linear, packedMatrix, unpackWeight } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";

const config = modelConfigSchema.parse({
  vocabSize: 70,
  width: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  inner: 96,
  contextLength: 12,
  attentionBias: "qkv",
});
const weights = initialWeights(config, 3);
const ids = () => tf.tensor2d([[1, 69, 3, 0, 7, 7], [5, 4, 3, 2, 1, 0]], [2, 6], "int32");
const logitsOf = (weights: Weights) => tf.tidy(() => decoder(config, weights).logits(ids()).dataSync() as Float32Array);
const formats = WEIGHT_FORMATS.filter((format) => format !== "stored");

deviceTest("`packWeights()` gives the logits of the numbers that it holds, bit for bit on the CPU", (device) => {
  for (const format of formats) {
    using packed = packWeights(weights, format);
    // What is held, as float32.
    const held: HostWeights = Object.fromEntries(
      Object.entries(packed).map(([name, tensor]): [string, HostTensor] => {
        const matrix = packedMatrix(tensor);
        assert.equal(matrix !== undefined, device.name === "cpu" && weights[name]!.shape.length === 2, name);
        const values = matrix === undefined ? tensor : unpackWeight(tensor);
        return [name, { shape: weights[name]!.shape, data: values.dataSync() as Float32Array }];
      }),
    );
    if (device.name !== "cpu") continue; // other devices hold other tensors, with the logits of the test below
    using whole = packWeights(held, "f32");
    assert.deepEqual(logitsOf(packed), logitsOf(whole), format);
  }
});

deviceTest("fewer bits change the logits little, and take the memory that they should", (device) => {
  using whole = packWeights(weights, "f32");
  const logits = logitsOf(whole);
  const most = { f32: 0, f16: 4e-4, bf16: 4e-3, q8: 6e-3, q4: 0.1 } as const;
  const bits = { f32: 32, f16: 16, bf16: 16, q8: 8.5, q4: 5 } as const;
  const matrices = Object.values(weights).filter(({ shape }) => shape.length === 2);
  // Panels have 32 outputs: 70 rows take as much as 96.
  const numbers = matrices.reduce((sum, { shape: [out, inner] }) => sum + Math.ceil(out! / 32) * 32 * inner!, 0);
  for (const format of formats) {
    const before = heapBytes()?.used ?? 0;
    using packed = packWeights(weights, format);
    const bytes = (heapBytes()?.used ?? 0) - before;
    const own = logitsOf(packed);
    const worst = Math.max(...Array.from(own, (logit, i) => Math.abs(logit - logits[i]!)));
    assert.ok(worst <= most[format], `${format}: off by ${worst}`);
    if (device.name !== "cpu") continue;
    const wanted = numbers * bits[format] / 8;
    assert.ok(bytes > wanted && bytes < 1.3 * wanted + 8192, `${format}: ${bytes} bytes, not about ${wanted}`);
  }
});

deviceTest("`packedStack()` multiplies each model's rows by its matrix", () => {
  const matrices = ["model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight"].map((name) =>
    weights[name]!
  );
  const x = tf.randomNormal([6, 64], 0, 1, "float32", 1);
  for (const format of formats as Exclude<WeightFormat, "stored">[]) {
    const stack = packedStack(matrices.map(inMemory), "up_proj", format);
    const rows = linear(x, stack).dataSync();
    const each = matrices.map((matrix, i) => {
      const one = packedStack([inMemory(matrix)], "up_proj", format);
      const y = linear(tf.slice(x, [3 * i, 0], [3, 64]), one).dataSync();
      one.dispose();
      return [...y];
    });
    rows.forEach((y, i) => assert.ok(Math.abs(y - each.flat()[i]!) < 1e-6, `${format} ${i}`));
    stack.dispose();
  }
});
