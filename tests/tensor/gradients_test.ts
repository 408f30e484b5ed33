// `variableGradients()` against tfjs's own, and that nothing outlives it.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { rmsNorm, swiglu, variableGradients } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { normalValues } from "./support.ts";

function variable(shape: number[], seed: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(normalValues(shape, seed).data, shape)));
}

deviceTest("`variableGradients()` gives what `tf.variableGrads()` gives, and leaves nothing behind", () => {
  const [a, b, w, unused] = [variable([4, 6], 1), variable([4, 6], 2), variable([6], 3), variable([3], 4)];
  const loss = () => {
    const x = tf.add(a!, b!); // one gradient for two inputs
    const y = rmsNorm(swiglu(x, tf.mul(a!, x)), w!, 1e-5);
    const [left, right] = tf.split(y, 2, 1) as [tf.Tensor, tf.Tensor];
    const idle = tf.mul(right, 3); // leads nowhere
    return tf.add(tf.sum(tf.mul(left, idle.shape[0]!)), tf.mean(tf.add(x, x))) as tf.Scalar;
  };
  const variables = [a!, b!, w!, unused!];
  const before = tf.memory().numTensors;
  const expected = tf.tidy(() => {
    const { value, grads } = tf.variableGrads(loss, variables.slice(0, 3));
    return [value, ...variables.slice(0, 3).map(({ name }) => grads[name]!)].map((x) => [...x.dataSync()]);
  });
  const { value, gradients } = variableGradients(loss, variables);
  assert.equal(tf.memory().numTensors, before + 5);
  assert.deepEqual([value, ...gradients.slice(0, 3)].map((x) => [...x.dataSync()]), expected);
  assert.deepEqual([...gradients[3]!.dataSync()], [0, 0, 0]);
  tf.dispose([value, ...gradients]);
  assert.equal(tf.memory().numTensors, before);
  tf.dispose(variables);
});

deviceTest("`variableGradients()` leaves nothing behind when the loss throws, and works again", () => {
  const a = variable([4, 6], 1);
  const before = tf.memory().numTensors;
  const failing = () => {
    tf.sum(tf.mul(a, tf.exp(a)));
    throw new Error("no loss");
  };
  assert.throws(() => variableGradients(failing, [a]), /no loss/);
  assert.equal(tf.memory().numTensors, before);
  const { value, gradients } = variableGradients(() => tf.sum(tf.mul(a, a)) as tf.Scalar, [a]);
  assert.deepEqual([...gradients[0]!.dataSync()], [...a.dataSync()].map((x) => 2 * x));
  tf.dispose([value, ...gradients, a]);
});
