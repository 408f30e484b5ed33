// Weights in half precision: every number as it should be, products and rows as of the rounded weights.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  embedding,
  HALF_ERROR,
  linear,
  linearCrossEntropy,
  markBfloat16,
  meanLinearCrossEntropy,
  packHalf,
} from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { distance, normalValues } from "./support.ts";
import { unpackHalf } from "../../lib/tensor/ops/half.ts";

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;

/** Values of a shape, rounded, as floats and packed. */
function weights(shape: number[], seed: number): { readonly floats: tf.Tensor; readonly packed: tf.Tensor } {
  const data = Float32Array.from(new Float16Array(normalValues(shape, seed).data));
  const packed = packHalf(data, "a test");
  return {
    floats: tf.tensor(data, shape),
    packed: tf.tensor(packed, [...shape.slice(0, -1), shape.at(-1)! / 2], "int32"),
  };
}

deviceTest("`unpackHalf()` gives all 65,536 numbers exactly, infinities, NaN and subnormal ones too", () => {
  const halves = new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  const packed = tf.tensor(new Int32Array(halves.buffer), [128, 256], "int32");
  const values = unpackHalf(packed);
  assert.deepEqual(values.shape, [128, 512]);
  values.dataSync().forEach((value, i) => assert.ok(Object.is(value, halves[i]), `${i}: ${value}, not ${halves[i]}`));
  for (const words of [1, 2, 3, 5, 300, 4099]) {
    const part = tf.tensor(new Int32Array(halves.buffer, 4 * 7000, words), [words], "int32");
    assert.deepEqual(unpackHalf(part).dataSync(), Float32Array.from(halves.subarray(14_000, 14_000 + 2 * words)));
  }
});

deviceTest("`unpackHalf()` gives all 65,536 bfloat16 exactly, and `embedding()` their rows", () => {
  const numbers = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wanted = new Float32Array(Uint32Array.from(numbers, (i) => i << 16).buffer);
  const packed = markBfloat16(tf.tensor2d(new Int32Array(numbers.buffer), [128, 256], "int32"));
  const values = unpackHalf(tf.clone(packed)).dataSync();
  values.forEach((value, i) => assert.ok(Object.is(value, wanted[i]), `${i}: ${value}, not ${wanted[i]}`));
  const rows = embedding(packed, tf.tensor1d([100, 0, 127], "int32")).dataSync();
  assert.deepEqual([...rows], [100, 0, 127].flatMap((row) => [...wanted.subarray(512 * row, 512 * (row + 1))]));
});

for (const format of ["float16", "bfloat16"]) {
  deviceTest(`\`linear()\` of few rows by packed weights is that by the same numbers in float32 [${format}]`, () => {
    for (const [models, rows, inner, out] of [[1, 1, 2, 1], [1, 4, 64, 33], [2, 3, 38, 17], [3, 1, 130, 5]] as const) {
      const values = normalValues([models, out, inner], 5).data as Float32Array;
      const bits = new Uint32Array(values.buffer);
      const packed = format === "float16"
        ? packHalf(values, "w")
        : new Int32Array(Uint16Array.from(bits, (word) => word >> 16).buffer);
      const stack = models === 1 ? [] : [models];
      const w = tf.tensor(packed, [...stack, out, inner / 2], "int32");
      if (format === "bfloat16") markBfloat16(w);
      const x = tf.tensor(normalValues([models * rows, inner], 6).data, [models * rows, inner]);
      assert.deepEqual(
        linear(x, w).dataSync(),
        linear(x, unpackHalf(w)).dataSync(),
        String([models, rows, inner, out]),
      );
    }
  });
}

Deno.test("`packHalf()` rounds to the nearest, half an 11th bit at most, and refuses what is too large", () => {
  const values = normalValues([4000], 1, 0.02).data as Float32Array;
  const halves = new Float16Array(packHalf(values, "w").buffer);
  let worst = 0;
  values.forEach((value, i) => {
    if (Math.abs(value) >= 2 ** -14) worst = Math.max(worst, Math.abs(halves[i]! - value) / Math.abs(value));
  });
  assert.ok(worst <= HALF_ERROR && worst > HALF_ERROR / 2, `${worst}`);
  assert.throws(
    () => packHalf(Float32Array.of(1, -7e4), 'the weight "x"'),
    (error) => error instanceof UserError && error.code === "tensor.half" && /"x".*-70000/.test(error.message),
  );
  assert.deepEqual([...new Float16Array(packHalf(Float32Array.of(NaN, -Infinity), "w").buffer)], [NaN, -Infinity]);
});

const SHAPES = [[1, 1, 2, 1], [1, 7, 6, 5], [3, 33, 18, 17], [2, 130, 64, 40]] as const;

for (const [models, rows, inner, out] of SHAPES) {
  deviceTest(`\`linear()\` by half-precision weights [${models}, ${out}, ${inner}] is that by the rounded ones`, () => {
    const { floats, packed } = weights(models === 1 ? [out, inner] : [models, out, inner], 2);
    const x = tf.tensor(normalValues([models * rows, inner], 3).data, [models * rows, inner]);
    const results = [floats, packed].map((w) => {
      const { value, grad } = tf.valueAndGrad((x) => tf.sum(tf.square(linear(x, w))))(x);
      return [linear(x, w), value, grad];
    });
    results[1]!.forEach((result, i) => {
      assert.ok(distance(result.dataSync() as Float32Array, results[0]![i]!.dataSync() as Float32Array) < 1e-6);
    });
    const before = tf.memory().numTensors;
    tf.tidy(() => linear(x, packed).dispose());
    assert.equal(tf.memory().numTensors, before);
  });
}

deviceTest("`embedding()` from a table in half precision gives its rows", () => {
  const { floats, packed } = weights([40, 18], 4);
  const ids = tf.tensor2d([[0, 39, 7], [7, 1, 2]], [2, 3], "int32");
  assert.deepEqual(embedding(packed as T2, ids).arraySync(), embedding(floats as T2, ids).arraySync());
});

deviceTest("the loss by a head in half precision is that by the rounded one, and so is its gradient", () => {
  const { floats, packed } = weights([40, 18], 5);
  const x = tf.tensor(normalValues([9, 18], 6).data, [9, 18]) as T2;
  const targets = tf.tensor1d([1, 2, -1, 39, 0, 5, 5, 7, 8], "int32") as T1;
  const before = tf.memory().numTensors;
  for (const f of [linearCrossEntropy, meanLinearCrossEntropy]) {
    const [wanted, found] = [floats, packed].map((w) => {
      const { value, grad } = tf.valueAndGrad((x) => tf.sum(f(x as T2, w as T2, targets)))(x);
      return [value, grad];
    });
    found!.forEach((result, i) => {
      assert.ok(distance(result.dataSync() as Float32Array, wanted![i]!.dataSync() as Float32Array) < 1e-6);
    });
    tf.dispose([wanted!, found!]);
  }
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("operations refuse half-precision weights of another width", () => {
  const { packed } = weights([8, 6], 1);
  for (const f of [() => linear(tf.ones([2, 3]), packed), () => linear(tf.ones([2, 8]), packed)]) {
    assert.throws(f, (error) => error instanceof UserError && /^linear\(\) cannot take/.test(error.message));
  }
});
