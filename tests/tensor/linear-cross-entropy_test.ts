// The fused head and loss: gradients made ahead, nothing as large as all logits, targets that do not count.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  type Device,
  linearCrossEntropy,
  linearPredictions,
  logitsHeld,
  meanLinearCrossEntropy,
  openDevice,
} from "../../lib/tensor/mod.ts";
import { chunksOf } from "../../lib/tensor/ops/linear-cross-entropy.ts";
import { deviceTest } from "../backends.ts";
import { bytesHeld, peakBytes } from "../peak.ts";
import { linearCrossEntropyReference } from "./cases.ts";
import { distance, intValues, normalValues } from "./support.ts";

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;

const D = 4;
/** Two chunks of rows on our backend; the stock one is too slow for more than one. */
const sizesOn = ({ name }: Device) => name === "cpu" ? { N: 400, VOCAB: 5600 } : { N: 40, VOCAB: 56 };

const floats = (shape: [number, number], seed: number) => tf.tensor(normalValues(shape, seed).data, shape) as T2;
const integers = (size: number, low: number, high: number) =>
  tf.tensor(intValues([size], 3, low, high).data, [size], "int32") as T1;

deviceTest(
  "`meanLinearCrossEntropy()` makes the gradient of a variable head ahead, the same as that made later",
  (device) => {
    const { N, VOCAB } = sizesOn(device);
    const x = floats([N, D], 1);
    const head = tf.variable(floats([VOCAB, D], 2));
    const targets = integers(N, -9, VOCAB);
    const gradients = (f: (x: T2, w: T2) => tf.Tensor) =>
      // The loss counts threefold and has another user of the head beside it.
      tf.grads((x, w) => tf.add(tf.mul(f(x as T2, w as T2), 3), tf.sum(w!)))([x, head]).map((g) => g.dataSync());
    const ahead = gradients((x) => meanLinearCrossEntropy(x, head as tf.Tensor as T2, targets));
    const later = gradients((x, w) => meanLinearCrossEntropy(x, tf.mul(w, 1), targets));
    const expected = gradients((x, w) => tf.mean(linearCrossEntropyReference(x, w, targets)));
    for (const [i, wanted] of expected.entries()) {
      assert.ok(distance(ahead[i] as Float32Array, wanted as Float32Array) < 1e-6);
      assert.ok(distance(later[i] as Float32Array, wanted as Float32Array) < 1e-6);
    }
  },
);

deviceTest(
  "`linearCrossEntropy()` gives rows without a target no loss and no gradient, whatever is in them",
  (device) => {
    const { N, VOCAB } = sizesOn(device);
    const values = normalValues([N, D], 1).data;
    values.fill(NaN, 0, D);
    const x = tf.tensor2d(values, [N, D]);
    const w = floats([VOCAB, D], 2);
    const targets = intValues([N], 3, 0, VOCAB).data;
    targets[0] = -1;
    const t = tf.tensor1d(targets, "int32");
    const losses = linearCrossEntropy(x, w, t).dataSync();
    const wanted = linearCrossEntropyReference(x, w, t).dataSync();
    assert.deepEqual([losses[0], losses.slice(1).some(Number.isNaN)], [wanted[0], false]);
    const all = tf.fill([N], -1, "int32") as T1;
    const clean = floats([N, D], 1);
    const [dx, dw] = tf.grads((x, w) => meanLinearCrossEntropy(x as T2, w as T2, all))([clean, w]);
    assert.ok(dx!.dataSync().every((g) => g === 0) && dw!.dataSync().every((g) => g === 0));
  },
);

deviceTest("`meanLinearCrossEntropy()` passes NaN and infinity on", (device) => {
  const { N, VOCAB } = sizesOn(device);
  for (const bad of [NaN, Infinity]) {
    const values = normalValues([N, D], 1).data;
    values[7 * D] = bad;
    const x = tf.tensor2d(values, [N, D]);
    const w = tf.variable(floats([VOCAB, D], 2));
    const { value, grads } = tf.variableGrads(() =>
      meanLinearCrossEntropy(x, w as tf.Tensor as T2, integers(N, 0, VOCAB))
    );
    assert.ok(!Number.isFinite(value.dataSync()[0]));
    assert.ok(grads[w.name]!.dataSync().some(Number.isNaN));
  }
});

deviceTest("`linearCrossEntropy()` refuses shapes that do not fit, and no rows", () => {
  const refused: [[number, number], [number, number], number][] = [[[3, 4], [9, 5], 3], [[3, 4], [9, 4], 2], [[0, 4], [
    9,
    4,
  ], 0]];
  for (const [x, w, targets] of refused) {
    for (const [name, f] of Object.entries({ linearCrossEntropy, meanLinearCrossEntropy })) {
      assert.throws(
        () => f(tf.ones(x) as T2, tf.ones(w) as T2, tf.zeros([targets], "int32")),
        (error) => error instanceof UserError && error.code === "tensor.shape" && error.message.startsWith(`${name}()`),
      );
    }
  }
});

Deno.test("chunks of rows cover all rows once, in nearly equal parts", () => {
  for (const rows of [1, 383, 384, 385, 450, 1024, 4097]) {
    for (const vocab of [2, 2048, 5600, 49_152]) {
      const chunks = chunksOf(rows, vocab);
      const sizes = chunks.map(([, size]) => size);
      chunks.forEach(([from], i) => assert.equal(from, sizes.slice(0, i).reduce((a, b) => a + b, 0)));
      assert.equal(sizes.reduce((a, b) => a + b, 0), rows);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
      assert.equal(Math.max(...sizes) * vocab, logitsHeld(rows, vocab));
      assert.ok(Math.max(...sizes) <= Math.max(384, 2 ** 21 / vocab));
    }
  }
});

Deno.test("`meanLinearCrossEntropy()` never holds all logits, forward or backward", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  const { VOCAB } = sizesOn(device);
  const rows = 2000;
  const x = floats([rows, D], 1);
  const w = tf.variable(floats([VOCAB, D], 2));
  const targets = integers(rows, 0, VOCAB);
  const step = () =>
    tf.tidy(() => void tf.variableGrads(() => meanLinearCrossEntropy(x, w as tf.Tensor as T2, targets)));
  step(); // the inputs are in the memory now
  const before = bytesHeld();
  const all = rows * VOCAB * 4;
  const peak = peakBytes(step);
  assert.ok(peak > all / 20 && peak < all / 2, `${peak} bytes; all logits are ${all}`);
  assert.equal(bytesHeld(), before);
  await device.close();
});

deviceTest(
  "`linearPredictions()` gives the same losses, and the most likely class of each row with its own",
  (device) => {
    const { N, VOCAB } = sizesOn(device);
    const [x, w, targets] = [floats([N, D], 1), floats([VOCAB, D], 2), integers(N, -9, VOCAB)];
    const before = tf.memory().numTensors;
    const { losses, top, topLosses } = linearPredictions(x, w, targets);
    assert.equal(tf.memory().numTensors, before + 3);
    assert.deepEqual(losses.dataSync(), linearCrossEntropy(x, w, targets).dataSync());
    const logits = tf.matMul(x, w, false, true);
    assert.deepEqual([...top.dataSync()], [...tf.argMax(logits, 1).dataSync()]);
    const wanted = tf.neg(tf.max(tf.logSoftmax(logits), 1)).dataSync() as Float32Array;
    assert.ok(distance(topLosses.dataSync() as Float32Array, wanted) < 1e-5);
  },
);
