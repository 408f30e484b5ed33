// Sums in place: the same bits as `tf.add()`, and no other tensor changes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { accumulate } from "../../lib/tensor/ops/accumulate.ts";
import { variableGradients } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { normalValues } from "./support.ts";

const SHAPE = [40, 30];

function tensor(seed: number): tf.Tensor {
  return tf.tensor(normalValues(SHAPE, seed).data, SHAPE);
}

deviceTest("`accumulate()` equals `tf.add()` to the bit, and consumes its terms", () => {
  const before = tf.memory().numTensors;
  const [a, b] = [tensor(1), tensor(2)];
  const expected = tf.tidy(() => [...tf.add(a, b).dataSync()]);
  const sum = accumulate(a, b);
  assert.deepEqual([...sum.dataSync()], expected);
  assert.ok(a.isDisposed && b.isDisposed);
  sum.dispose();
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("`accumulate()` changes no tensor that shares values with a term", () => {
  const [a, b] = [tensor(1), tensor(2)];
  const shared = [a, b].map((term) => tf.reshape(term, [-1]));
  const values = shared.map((term) => [...term.dataSync()]);
  const sum = accumulate(a, b);
  assert.deepEqual(shared.map((term) => [...term.dataSync()]), values);
  tf.dispose([sum, ...shared]);
});

deviceTest("a gradient of several terms leaves the gradients of others as they are", () => {
  const [a, b] = [1, 2].map((seed) => tf.variable(tensor(seed)));
  // The gradient of the sum goes to both unchanged; then each gets more.
  const loss = () => tf.sum(tf.addN([tf.add(a!, b!), tf.mul(a!, 3), tf.mul(b!, 5), tf.square(a!)])) as tf.Scalar;
  const { value, gradients } = variableGradients(loss, [a!, b!]);
  const expected = tf.tidy(() => [...tf.add(tf.mul(a!, 2), 4).dataSync()]);
  [...gradients[0]!.dataSync()].forEach((found, i) => assert.ok(Math.abs(found - expected[i]!) < 1e-5));
  assert.ok([...gradients[1]!.dataSync()].every((found) => found === 6));
  tf.dispose([value, ...gradients, a!, b!]);
});
