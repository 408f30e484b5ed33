// Single values and norms of many tensors: the same on the stock backend, and with the same bytes for any threads.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { gatherPlaces, globalNorm, openDevice } from "../../lib/tensor/mod.ts";
import { normalValues } from "./support.ts";

const SHAPES = [[1], [3, 5], [130, 170], [17], [0]];

/** Both operations on the current backend, and how many tensors they leave. */
function look() {
  const tensors = SHAPES.map((shape, i) => tf.tensor(normalValues(shape, i).data, shape));
  const places = [[0], [14, 0, 7], [22099, 16384, 3], [], []].map((list) => Int32Array.from(list));
  const before = tf.memory().numTensors;
  const [values, norm] = [gatherPlaces(tensors, places), globalNorm(tensors)];
  const left = tf.memory().numTensors - before;
  const found = { values: [...values.dataSync()], norm: norm.dataSync()[0]!, left };
  const wanted = tensors.flatMap((x, i) => [...places[i]!].map((place) => x.dataSync()[place]!));
  const squares = tensors.flatMap((x) => [...x.dataSync()]).reduce((sum, value) => sum + value * value, 0);
  tf.dispose([values, norm, ...tensors]);
  return { ...found, wanted, exact: Math.sqrt(squares) };
}

Deno.test("`gatherPlaces()` gives the values and `globalNorm()` the norm, on every backend and number of threads", async () => {
  const norms: number[] = [];
  for (const [name, threads] of [["reference", 1], ["cpu", 1], ["cpu", 3]] as const) {
    const device = await openDevice(name, { threads });
    const { values, norm, left, wanted, exact } = look();
    await device.close();
    assert.deepEqual(values, wanted, name);
    assert.ok(Math.abs(norm / exact - 1) < 1e-6, `${name}: ${norm}, not ${exact}`);
    assert.equal(left, 2, name);
    norms.push(norm);
  }
  assert.equal(norms[1], norms[2]);
});

Deno.test("`globalNorm()` of a tensor with NaN is NaN, and of infinity infinite", async () => {
  for (const name of ["reference", "cpu"] as const) {
    const device = await openDevice(name, { threads: 1 });
    assert.ok(Number.isNaN(globalNorm([tf.ones([300]), tf.tensor1d([1, NaN])]).dataSync()[0]), name);
    assert.equal(globalNorm([tf.tensor1d([Infinity])]).dataSync()[0], Infinity, name);
    await device.close();
  }
});
