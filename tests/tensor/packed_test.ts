// Packed weights: every number as it should be, products within rounding of float64, and the same bits for any number of
// rows, any kernels and any number of threads.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { dequantize, TENSOR_TYPES } from "../../lib/gguf/mod.ts";
import { nativeLevels } from "../../lib/tensor/cpu/mod.ts";
import {
  addLinear,
  embedding,
  encodedRows,
  holdsExactly,
  linear,
  linears,
  meanLinearCrossEntropy,
  openDevice,
  PACKED_FORMATS,
  type PackedFormat,
  packedTensor,
  rowBytes,
  type RowType,
  topOf,
} from "../../lib/tensor/mod.ts";
import { linearPredictions } from "../../lib/tensor/ops/linear-cross-entropy.ts";
import { deviceTest } from "../backends.ts";
import { distance, intValues, normalValues, poison } from "./support.ts";

type Shape = readonly [out: number, inner: number];
type T2 = tf.Tensor2D;

/** Random matrices as a format holds them: their rows, and their numbers as GGUF's reader gives them. */
function matrices(format: PackedFormat, [out, inner]: Shape, seed: number, models = 1) {
  const sources = Array.from({ length: models }, (_, model) => {
    const values = normalValues([out, inner], seed + model, 0.1).data as Float32Array<ArrayBuffer>;
    return encodedRows(format, (first, count) => values.slice(first * inner, (first + count) * inner), "a test");
  });
  const numbers = sources.map(({ type, read }) => {
    const into = new Float32Array(out * inner);
    dequantize(type, read(0, out), into);
    return into;
  });
  return { sources, numbers };
}

function packed(format: PackedFormat, shape: Shape, seed: number, models = 1): tf.Tensor {
  return packedTensor(format, shape, matrices(format, shape, seed, models).sources);
}

const rowsOf = (rows: number, inner: number, seed: number) =>
  tf.tensor2d(normalValues([rows, inner], seed).data, [rows, inner]);

/** y = x·wᵀ in float64. */
function product(x: ArrayLike<number>, w: Float32Array, M: number, N: number, K: number): Float32Array {
  const y = new Float32Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += x[m * K + k]! * w[n * K + k]!;
      y[m * N + n] = sum;
    }
  }
  return y;
}

/** More and fewer outputs than a panel has, and k of more than one run, of which the last is not whole. */
const SHAPES: readonly Shape[] = [[1, 32], [31, 64], [33, 96], [64, 384], [97, 416], [130, 800]];
/** Formats without blocks take any number of k. */
const ODD: readonly Shape[] = [[1, 1], [40, 7], [33, 385]];
const shapesOf = (format: PackedFormat) => format.startsWith("Q") ? SHAPES : [...SHAPES, ...ODD];

for (const format of PACKED_FORMATS) {
  deviceTest(`\`embedding()\` reads the numbers of packed rows exactly [${format}]`, (device) => {
    for (const [out, inner] of device.name === "cpu" ? shapesOf(format) : SHAPES.slice(1, 3)) {
      const { sources, numbers } = matrices(format, [out, inner], 3);
      const table = packedTensor(format, [out, inner], sources) as T2;
      const ids = [out - 1, 0, Math.floor(out / 2), out - 1];
      const rows = embedding(table, tf.tensor1d(ids, "int32")).dataSync();
      const wanted = ids.flatMap((id) => [...numbers[0]!.subarray(id * inner, (id + 1) * inner)]);
      assert.deepEqual([...rows], wanted, `[${out}, ${inner}]`);
      table.dispose();
    }
  });

  deviceTest(`products by packed weights are those by their numbers [${format}]`, (device) => {
    for (const [out, inner] of device.name === "cpu" ? shapesOf(format) : SHAPES.slice(1, 3)) {
      for (const models of out === 33 ? [1, 3] : [1]) {
        const { sources, numbers } = matrices(format, [out, inner], 5, models);
        const other = packed(format, [7, inner], 9, models);
        const w = packedTensor(format, [out, inner], sources);
        for (const rows of out === 97 ? [1, 40] : [1, 3]) {
          if (device.name === "cpu") poison();
          const x = rowsOf(models * rows, inner, 6), h = rowsOf(models * rows, out, 7);
          const per = rows * inner, values = x.dataSync();
          const wanted = Float32Array.from(
            numbers.flatMap((w, i) => [...product(values.slice(i * per, (i + 1) * per), w, rows, out, inner)]),
          );
          const what = `${models} of [${out}, ${inner}], ${rows} rows`;
          const check = (y: tf.Tensor, wanted: Float32Array) => {
            const error = distance(y.dataSync() as Float32Array, wanted);
            assert.ok(error < 3e-6, `${what}: off by ${error}`);
          };
          check(linear(x, w), wanted);
          check(linears(x, [other, w])[1]!, wanted);
          check(addLinear(h, x, w), wanted.map((y, i) => y + (h.dataSync()[i]!)));
          tf.dispose([x, h]);
        }
        tf.dispose([w, other]);
      }
    }
  });
}

deviceTest("blocks of GGUF's Q8_0, Q4_1 and Q4_0 are held exactly", () => {
  for (const [type, format] of [["Q8_0", "Q8_0"], ["Q4_1", "Q4"], ["Q4_0", "Q4"]] as const) {
    const [out, inner] = [45, 96];
    const { bytes: blockBytes } = TENSOR_TYPES[type];
    const bytes = Uint8Array.from(intValues([rowBytes(type, inner) * out], 41, 0, 256).data);
    const scales = normalValues([bytes.length / blockBytes], 42).data;
    const halves = new Float16Array(bytes.buffer);
    scales.forEach((scale, i) => halves[i * blockBytes / 2] = scale);
    if (type === "Q4_1") scales.forEach((_, i) => halves[i * blockBytes / 2 + 1] = scales.at(-i)!);
    const wanted = new Float32Array(out * inner);
    dequantize(type, bytes, wanted);
    const row = rowBytes(type, inner);
    const read = (first: number, count: number) => bytes.slice(first * row, (first + count) * row);
    assert.ok(holdsExactly(type, bytes));
    const w = packedTensor(format, [out, inner], [{ type, read }]) as T2;
    const rows = embedding(w, tf.range(0, out, 1, "int32")).dataSync();
    rows.forEach((value, i) => assert.ok(value === wanted[i], `${type} ${i}: ${value}`)); // 0 may have another sign
    w.dispose();
  }
  const large = new Uint8Array(36);
  new Float16Array(large.buffer)[9] = -8192;
  assert.ok(!holdsExactly("Q4_0", large), "-8 times this scale is infinite as a 16-bit float");
});

deviceTest("losses, predictions and gradients through packed weights are those through their numbers", () => {
  for (const format of PACKED_FORMATS) {
    const { sources, numbers } = matrices(format, [50, 64], 11);
    const w = packedTensor(format, [50, 64], sources) as T2, floats = tf.tensor2d(numbers[0]!, [50, 64]);
    const x = rowsOf(9, 64, 12), targets = tf.tensor1d([0, 49, 3, -1, 7, 8, 9, 20, 31], "int32");
    const lossOf = (w: T2) => (x: tf.Tensor) => {
      const h = addLinear(linear(x, w), x as T2, w);
      const [a, b] = linears(x, [w, w]);
      return tf.add(tf.mean(tf.mul(h, tf.mul(a!, b!))), meanLinearCrossEntropy(x as T2, w, targets));
    };
    const [ours, theirs] = [w, floats].map((one) => tf.valueAndGrad(lossOf(one))(x));
    assert.ok(distance(ours!.grad.dataSync() as Float32Array, theirs!.grad.dataSync() as Float32Array) < 3e-6, format);
    assert.ok(
      distance(ours!.value.dataSync() as Float32Array, theirs!.value.dataSync() as Float32Array) < 3e-6,
      format,
    );
    const { top } = linearPredictions(x, w, targets);
    assert.deepEqual(top.dataSync(), topOf(linear(x, floats) as T2).top.dataSync());
    w.dispose();
  }
});

Deno.test({
  name: "products by packed weights have the same bits for any number of rows, all kernels and any number of threads",
  sanitizeResources: false,
  fn: async () => {
    const levels = (await nativeLevels()).filter((level) => level !== "amx");
    let first: Float32Array[] | undefined;
    for (
      const [products, threads] of [
        ["wasm", 1],
        ...levels.flatMap((level) => [[level, 1], [level, 3]] as const),
      ] as const
    ) {
      const device = await openDevice("cpu", { products, threads });
      const made: Float32Array[] = [];
      tf.tidy(() => {
        for (const format of PACKED_FORMATS) {
          for (const [out, inner] of [[97, 416], [33, 64], [340, 800]] as const) {
            const w = packed(format, [out, inner], 21);
            const x = rowsOf(60, inner, 22), h = rowsOf(60, out, 23);
            const all = addLinear(h, x, w).dataSync() as Float32Array;
            made.push(all, linear(x, w).dataSync() as Float32Array);
            const many = tf.concat(Array.from({ length: 10 }, () => x)); // more than one task has
            assert.deepEqual(linear(many, w).dataSync().slice(-made.at(-1)!.length), made.at(-1), format);
            for (let rows = 1; rows <= 17; rows++) { // two calls of the kernels for few rows, and one more
              const m = 7 * rows % (61 - rows);
              const some = addLinear(tf.slice(h, [m, 0], [rows, out]), tf.slice(x, [m, 0], [rows, inner]), w);
              const what = `${format} [${out}, ${inner}] by ${products}: rows ${m} to ${m + rows}`;
              assert.deepEqual(some.dataSync(), all.slice(m * out, (m + rows) * out), what);
            }
            w.dispose();
          }
        }
      });
      await device.close();
      first ??= made;
      made.forEach((values, i) => assert.deepEqual(values, first![i], `${products} with ${threads} threads: ${i}`));
    }
  },
});

Deno.test("`encodedRows()` refuses what a format cannot hold, and quantizes about as well as its bits allow", () => {
  const read = (format: PackedFormat, values: Float32Array<ArrayBuffer>) =>
    encodedRows(format, () => values, 'the weight "x"').read(0, 1);
  for (const [format, value] of [["F16", 7e4], ["BF16", 3.4e38], ["Q8_0", Infinity], ["Q4", -7e4]] as const) {
    const values = new Float32Array(32).fill(0.5);
    values[3] = value;
    assert.throws(() => read(format, values), { code: "tensor.packed", message: /Cannot hold the weight "x" as/ });
  }
  const values = normalValues([64 * 256], 31).data as Float32Array<ArrayBuffer>;
  const errors = { BF16: 0.0018, Q8_0: 0.0062, Q4: 0.087 } as const;
  for (const [format, most] of Object.entries(errors) as [keyof typeof errors, number][]) {
    const numbers = new Float32Array(values.length);
    const type: RowType = format === "Q4" ? "Q4_1" : format;
    const bytes = read(format, values);
    assert.equal(bytes.length, rowBytes(type, values.length));
    dequantize(type, bytes, numbers);
    const error = Math.sqrt(numbers.reduce((sum, y, i) => sum + (y - values[i]!) ** 2, 0) / values.length);
    assert.ok(error < most, `${format}: ${error}`);
  }
});
