// Fused operations on WebGPU: linear maps that share an input or add to a stream, norms that branch off a stream, and
// half-precision weights.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { addLinear, embedding, linear, linears, normBranch, openDevice, rmsNorm } from "../../lib/tensor/mod.ts";
import { packHalf, unpackHalf, unpackHalfReference } from "../../lib/tensor/ops/half.ts";
import { optionalTest } from "../optional.ts";
import { type Case, distance, evaluateLater, normalValues } from "./support.ts";

const options = { sanitizeResources: false, sanitizeOps: false };

function linearsCase(rows: number, inner: number, outs: readonly number[]): Case {
  const use = (list: tf.Tensor[]) => tf.concat(list.map((y, i) => tf.mul(y, tf.mul(y, i + 1))), 1);
  return {
    name: `linears [${rows}, ${inner}] to ${outs}`,
    inputs: [[rows, inner], ...outs.map((out) => [out, inner])].map((shape, i) => normalValues(shape, i)),
    trained: [0, ...outs.keys()].map((_, i) => i),
    ours: ([x, ...weights]) => use(linears(x!, weights)),
    reference: ([x, ...weights]) => use(weights.map((w) => linear(x!, w))),
  };
}

function addLinearCase(rows: number, inner: number, out: number): Case {
  return {
    name: `addLinear [${rows}, ${inner}] to ${out}`,
    inputs: [[rows, out], [rows, inner], [out, inner]].map((shape, i) => normalValues(shape, i)),
    trained: [0, 1, 2],
    ours: ([h, x, w]) => addLinear(h!, x!, w!),
    reference: ([h, x, w]) => tf.add(h!, linear(x!, w!)),
  };
}

function branchCase(rows: number, d: number): Case {
  const use = ([normed, x]: [tf.Tensor, tf.Tensor]) => tf.add(tf.mul(normed, normed), tf.mul(x, x));
  return {
    name: `normBranch [${rows}, ${d}]`,
    inputs: [normalValues([rows, d], 1), normalValues([d], 2)],
    trained: [0, 1],
    ours: ([x, w]) => use(normBranch(x!, w!, 1e-5)),
    reference: ([x, w]) => use([rmsNorm(x!, w!, 1e-5), x!]),
  };
}

/** Stacks of two models; the reference runs each map and norm separately. */
function stackedCase(rows: number, inner: number, out: number): Case {
  const apart = (x: tf.Tensor, w: tf.Tensor, f: (x: tf.Tensor, w: tf.Tensor) => tf.Tensor) => {
    const xs = tf.split(x, 2, 0);
    return tf.concat(tf.split(w, 2, 0).map((part, i) => f(xs[i]!, part.reshape(part.shape.slice(1)))), 0);
  };
  const use = (normed: tf.Tensor, x: tf.Tensor, [a, b]: readonly tf.Tensor[], sum: tf.Tensor) =>
    tf.concat([tf.mul(normed, x), a!, tf.mul(b!, b!), sum], 1);
  return {
    name: `stacked [${rows}, ${inner}] to ${out}`,
    inputs: [[2 * rows, inner], [2, inner], [2, out, inner], [2, out, inner], [2 * rows, out]]
      .map((shape, i) => normalValues(shape, i)),
    trained: [0, 1, 2, 3, 4],
    ours: ([x, norm, v, w, h]) => {
      const [normed, same] = normBranch(x!, norm!, 1e-5);
      return use(normed, same, linears(normed, [v!, w!]), addLinear(h!, same, w!));
    },
    reference: ([x, norm, v, w, h]) => {
      const normed = apart(x!, norm!, (x, w) => rmsNorm(x, w, 1e-5));
      const mapped = [v!, w!].map((weight) => apart(normed, weight, linear));
      return use(normed, x!, mapped, tf.add(h!, apart(x!, w!, linear)));
    },
  };
}

const cases = [
  stackedCase(9, 17, 5),
  stackedCase(40, 300, 8),
  linearsCase(1, 5, [3, 4, 3]),
  linearsCase(9, 33, [17, 5]),
  linearsCase(70, 64, [64, 32]),
  addLinearCase(1, 7, 5), // few rows
  addLinearCase(9, 17, 33),
  addLinearCase(65, 400, 33), // the inner dimension split
  addLinearCase(64, 300, 64),
  branchCase(1, 3),
  branchCase(130, 20),
];

optionalTest("vulkan", "fused linear maps and norm branches on WebGPU equal their parts", async () => {
  await (await openDevice("reference")).close();
  const expected: Float32Array[][] = [];
  for (const { inputs, trained, reference } of cases) expected.push(await evaluateLater(inputs, trained, reference));
  const device = await openDevice("webgpu");
  for (const [i, { name, inputs, trained, ours }] of cases.entries()) {
    const results = await evaluateLater(inputs, trained, ours);
    results.forEach((result, j) => {
      const error = distance(result, expected[i]![j]!);
      assert.ok(error < 1e-5, `${name}: ${j === 0 ? "value" : `gradient ${j}`} is off by ${error}`);
    });
  }
  await device.close();
}, options);

optionalTest("vulkan", "every half-precision number is unpacked on WebGPU, bit for bit", async () => {
  const words = new Int32Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  await (await openDevice("reference")).close();
  const expected = await unpackHalfReference(tf.tensor1d(words, "int32")).data() as Float32Array;
  const device = await openDevice("webgpu");
  const ours = await unpackHalf(tf.tensor1d(words, "int32")).data() as Float32Array;
  const different = [...expected.keys()].filter((i) => !Object.is(ours[i], expected[i]));
  assert.deepEqual(different, []);
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "half-precision linear maps and tables on WebGPU equal those of the same numbers in float32",
  async () => {
    const device = await openDevice("webgpu");
    const weights = normalValues([6, 8], 1).data as Float32Array;
    const packed = tf.tensor2d(packHalf(weights, "w"), [6, 4], "int32");
    const rounded = tf.tensor2d(Float32Array.from(new Float16Array(weights)), [6, 8]);
    const x = tf.tensor2d(normalValues([3, 8], 2).data as Float32Array, [3, 8]);
    const ids = tf.tensor1d([5, 0, 5], "int32");
    assert.deepEqual(await linear(x, packed).data(), await linear(x, rounded).data());
    assert.deepEqual(await embedding(packed, ids).data(), await embedding(rounded, ids).data());
    const gradient = (w: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.sum(tf.square(linear(x, w))))(x);
    assert.deepEqual(await gradient(packed).data(), await gradient(rounded).data());
    await device.close();
  },
  options,
);
