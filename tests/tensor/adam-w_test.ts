// AdamW in place: the same path as the reference, and nothing that shares values with a parameter is touched.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { adamW, type AdamWSlot, openDevice } from "../../lib/tensor/mod.ts";
import { distance, normalValues } from "./support.ts";

const shapes = [[1], [3, 5], [130, 170], [17]];

/** Five updates on the current backend; the parameters and norms. */
function train(
  clipNorm: number,
  clipUpdate?: number,
): { readonly parameters: Float32Array[]; readonly norms: number[] } {
  const slots = shapes.map((shape, i): AdamWSlot => ({
    parameter: tf.variable(tf.tensor(normalValues(shape, i).data, shape)),
    m: tf.variable(tf.zeros(shape)),
    v: tf.variable(tf.zeros(shape)),
    decay: i % 2 === 0 ? 0.1 : 0,
  }));
  const norms: number[] = [];
  for (let step = 1; step <= 5; step++) {
    const gradients = shapes.map((shape, i) => tf.tensor(normalValues(shape, 100 * step + i).data, shape));
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm, step };
    const clip = clipUpdate === undefined ? {} : { clipUpdate };
    const norm = adamW(slots, gradients, { ...settings, ...clip });
    norms.push(norm.dataSync()[0]!);
    tf.dispose([norm, ...gradients]);
  }
  const parameters = slots.map(({ parameter }) => Float32Array.from(parameter.dataSync()));
  for (const { parameter, m, v } of slots) tf.dispose([parameter, m, v]);
  return { parameters, norms };
}

Deno.test("`adamW()` on the CPU backend follows the reference, with the same bytes for any threads", async () => {
  for (const [clipNorm, clipUpdate] of [[1], [Infinity], [1, 0.3], [Infinity, 1e-3]] as const) {
    await (await openDevice("reference")).close();
    const expected = train(clipNorm, clipUpdate);
    const first = { parameters: [] as Float32Array[], norms: [] as number[] };
    for (const threads of [1, 3]) {
      const device = await openDevice("cpu", { threads });
      const result = train(clipNorm, clipUpdate);
      await device.close();
      result.parameters.forEach((ours, i) => assert.ok(distance(ours, expected.parameters[i]!) < 1e-6));
      result.norms.forEach((norm, i) => assert.ok(Math.abs(norm / expected.norms[i]! - 1) < 1e-6));
      if (threads === 1) Object.assign(first, result);
      else assert.deepEqual(result, first);
    }
  }
});

Deno.test("`adamW()` of no parameters has a norm of 0", async () => {
  for (const name of ["reference", "cpu"] as const) {
    const device = await openDevice(name, name === "cpu" ? { threads: 1 } : {});
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step: 1 };
    assert.deepEqual([...adamW([], [], settings).dataSync()], [0]);
    await device.close();
  }
});

Deno.test("`adamW()` leaves clones and initial values as they were", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const initial = tf.fill([400], 2);
  const parameter = tf.variable(initial);
  const clone = parameter.clone();
  const moments = tf.zeros([400]);
  const slot = { parameter, m: tf.variable(moments), v: tf.variable(moments), decay: 0 };
  const settings = { learningRate: 0.5, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: Infinity, step: 1 };
  adamW([slot], [tf.ones([400])], settings).dispose();
  assert.equal(initial.dataSync()[7], 2);
  assert.equal(clone.dataSync()[7], 2);
  assert.equal(moments.dataSync()[7], 0);
  assert.ok(Math.abs(parameter.dataSync()[7]! - 1.5) < 1e-5);
  assert.ok(Math.abs(slot.m.dataSync()[7]! - 0.1) < 1e-6);
  assert.ok(Math.abs(slot.v.dataSync()[7]! - 0.05) < 1e-6);
  await device.close();
});

Deno.test("`adamW()` makes parameters NaN when a gradient is NaN and gradients are clipped", async () => {
  for (const name of ["reference", "cpu"] as const) {
    const device = await openDevice(name, { threads: 1 });
    const parameter = tf.variable(tf.ones([20]));
    const slot = { parameter, m: tf.variable(tf.zeros([20])), v: tf.variable(tf.zeros([20])), decay: 0 };
    const settings = { learningRate: 0.5, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step: 1 };
    const gradient = tf.tensor1d([NaN, ...new Array<number>(19).fill(1)]);
    assert.ok(Number.isNaN(adamW([slot], [gradient], settings).dataSync()[0]));
    assert.ok(parameter.dataSync().every(Number.isNaN), name);
    await device.close();
  }
});

Deno.test("`adamW()` limits the RMS of every parameter's update to `clipUpdate`, and scales no smaller one", async () => {
  for (const name of ["reference", "cpu"] as const) {
    const device = await openDevice(name, { threads: 1 });
    // At the first step u is ±1 wherever the gradient is not 0: an RMS of 1, and of 0.5 with three quarters of zeros.
    const gradients = [tf.fill([400], -3), tf.tensor1d(Array.from({ length: 400 }, (_, i) => i % 4 === 0 ? 5 : 0))];
    const changes = (clipUpdate: number) => {
      const slots = gradients.map((): AdamWSlot => ({
        parameter: tf.variable(tf.zeros([400])),
        m: tf.variable(tf.zeros([400])),
        v: tf.variable(tf.zeros([400])),
        decay: 0,
      }));
      const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: Infinity, step: 1 };
      adamW(slots, gradients, { ...settings, clipUpdate }).dispose();
      return slots.map(({ parameter }) => [...new Set(parameter.dataSync())].map((x) => Math.round(x * 1e6) / 1e6));
    };
    assert.deepEqual(changes(0.75), [[0.075], [-0.1, 0]], name);
    assert.deepEqual(changes(0.25), [[0.025], [-0.05, 0]], name);
    await device.close();
  }
});

Deno.test("`adamW()` on the CPU gives the same bytes with a `clipUpdate` that nothing reaches", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  assert.deepEqual(train(1, 1e6), train(1));
  await device.close();
});
