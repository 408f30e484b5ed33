// The gradient of cross-entropy that takes the place of the logits.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { crossEntropy, crossEntropyGradient } from "../../lib/tensor/ops/cross-entropy.ts";
import { deviceTest } from "../backends.ts";
import { normalValues } from "./support.ts";

const [ROWS, VOCAB] = [5, 300];
const TARGETS = [0, 299, -1, 256, 17];

function gradientOf(logits: tf.Tensor2D): Float32Array {
  return tf.tidy(() => {
    const targets = tf.tensor1d(TARGETS, "int32"), dy = tf.tensor1d([1, -2, 3, 0.5, 1]);
    return crossEntropyGradient(logits, targets, crossEntropy(logits, targets), dy).dataSync() as Float32Array;
  });
}

deviceTest("`crossEntropyGradient()` consumes the logits, and changes no tensor that shares their values", () => {
  const before = tf.memory().numTensors;
  const { data } = normalValues([ROWS, VOCAB], 1);
  const logits = () => tf.tensor2d(data, [ROWS, VOCAB]);
  const [alone, other] = [logits(), logits()];
  const shared = tf.reshape(other, [-1]);
  const values = [...shared.dataSync()];
  const gradient = gradientOf(alone);
  assert.deepEqual(gradientOf(other), gradient);
  assert.deepEqual([...shared.dataSync()], values);
  assert.ok(alone.isDisposed && other.isDisposed);
  shared.dispose();
  assert.equal(tf.memory().numTensors, before);
});
