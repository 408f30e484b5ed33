// Half-precision weights on WebGPU: every number is exact, and products of packed weights equal those of unpacked ones to
// the byte.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { linear, linears, meanLinearCrossEntropy, openDevice, packHalf } from "../../lib/tensor/mod.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { openWebGpu } from "../../lib/tensor/webgpu/open.ts";
import { multiply, type ProductPlan } from "../../lib/tensor/webgpu/product.ts";
import { TILINGS } from "../../lib/tensor/webgpu/product-code.ts";
import { optionalTest } from "../optional.ts";
import { normalValues } from "./support.ts";
import { unpackHalf } from "../../lib/tensor/ops/half.ts";

const options = { sanitizeResources: false, sanitizeOps: false };

/** Normally distributed numbers, packed; some are subnormal in half precision. */
function packed(shape: number[], seed: number): tf.Tensor {
  const data = normalValues(shape, seed).data.map((value, i) => i % 11 === 0 ? value * 1e-6 : value) as Float32Array;
  return tf.tensor(packHalf(data, "a test"), [...shape.slice(0, -1), shape.at(-1)! / 2], "int32");
}

const bytesOf = async (tensors: readonly tf.Tensor[]) =>
  await Promise.all(tensors.map(async (tensor) => new Uint8Array((await tensor.data()).slice().buffer)));

/** Value and gradient of the sum of squares. */
function valueAndGradient(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor[] {
  const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.sum(tf.square(f(x))))(x);
  return [f(x), value, grad];
}

optionalTest("vulkan", "`unpackHalf()` on WebGPU gives all 65,536 numbers exactly", async () => {
  const device = await openDevice("webgpu");
  const halves = new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  const values = await unpackHalf(tf.tensor(new Int32Array(halves.buffer), [128, 256], "int32")).data();
  values.forEach((value, i) => assert.ok(Object.is(value, halves[i]), `${i}: ${value}, not ${halves[i]}`));
  await device.close();
}, options);

// few rows, each tiling, stacks, and a width that is not a multiple of four
const SHAPES = [[1, 3, 40, 24], [1, 8, 36, 260], [1, 40, 68, 24], [1, 150, 96, 140], [3, 20, 24, 36], [1, 9, 18, 8]];

optionalTest("vulkan", "products with half-precision weights equal those with the same float32 weights", async (t) => {
  const device = await openDevice("webgpu");
  for (const [models, rows, inner, out] of SHAPES as [number, number, number, number][]) {
    const shape = models === 1 ? [out, inner] : [models, out, inner];
    await t.step(`${rows} rows with [${shape}]`, async () => {
      const w = packed(shape, 2);
      const whole = unpackHalf(w);
      const x = tf.tensor(normalValues([models * rows, inner], 3).data, [models * rows, inner]);
      const [found, wanted] = [w, whole].map((w) => valueAndGradient(x, (x) => linear(x, w)));
      assert.deepEqual(await bytesOf(found!), await bytesOf(wanted!));
    });
  }
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "`multiply()` with halves equals that with float32 for every tiling, transpose and split",
  async () => {
    const { backend, close } = await openWebGpu();
    for (const tiling of TILINGS) {
      for (const transposeB of [false, true]) {
        const [M, N, K] = [tiling.rows + 5, tiling.columns + 8, 68];
        const product = { batch: 2, M, N, K, transposeA: false, transposeB, sharedA: false, sharedB: !transposeB };
        const a = tf.tensor(normalValues([2, M, K], 1).data);
        const w = packed([product.sharedB ? 1 : 2, ...(transposeB ? [N, K] : [K, N])], 2);
        const plan: ProductPlan = { tiling, splits: transposeB ? 3 : 1 };
        const results = [w, unpackHalf(w)].map((b) =>
          multiply(backend, { ...product, halfB: b === w }, a, b, [2, M, N], { plan })
        );
        const [found, wanted] = await bytesOf(results.map((info) => tf.engine().makeTensorFromTensorInfo(info)));
        assert.deepEqual(found, wanted);
      }
    }
    await close();
  },
  options,
);

optionalTest("vulkan", "no float32 copy of half-precision weights is made for products on WebGPU", async () => {
  const device = await openDevice("webgpu");
  const { bufferManager } = tf.backend() as StitchbookWebGPU;
  const sizes = new Set<number>();
  const acquire = bufferManager.acquireBuffer.bind(bufferManager);
  bufferManager.acquireBuffer = (size, ...rest) => {
    sizes.add(size);
    return acquire(size, ...rest);
  };
  const weights = [packed([44, 52], 1), packed([60, 52], 2)];
  const head = packed([100, 52], 3) as tf.Tensor2D;
  const targets = tf.tensor1d(Array.from({ length: 24 }, (_, i) => i), "int32");
  for (const rows of [2, 24]) {
    const x = tf.tensor(normalValues([rows, 52], 4).data, [rows, 52]);
    await valueAndGradient(x, (x) => tf.concat(linears(x, weights), 1))[2]!.data();
  }
  const x = tf.tensor(normalValues([24, 52], 4).data, [24, 52]);
  await tf.grad((x: tf.Tensor) => meanLinearCrossEntropy(x as tf.Tensor2D, head, targets))(x).data();
  assert.ok(sizes.has(4 * 24 * 44), "the product's own output is recorded");
  for (const outputs of [44, 60, 100]) assert.ok(!sizes.has(4 * outputs * 52), `weights [${outputs}, 52] in float32`);
  await device.close();
}, options);
