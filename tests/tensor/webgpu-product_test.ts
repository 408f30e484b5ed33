// Matrix products on WebGPU: every tiling gives the product, also with odd sizes, and the plans fit the shapes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { findAdapter, openWebGpu } from "../../lib/tensor/webgpu/open.ts";
import { multiply, planProduct, type Product, type ProductPlan } from "../../lib/tensor/webgpu/product.ts";
import { TILINGS } from "../../lib/tensor/webgpu/product-code.ts";
import { optionalTest } from "../optional.ts";
import { LEAST_LIMITS, pretend } from "./adapters.ts";
import { distance, normalValues } from "./support.ts";

const limits = LEAST_LIMITS as unknown as GPUSupportedLimits;
const options = { sanitizeResources: false, sanitizeOps: false };

const plain = { transposeA: false, transposeB: true, sharedA: true, sharedB: true };

/** The product in float64. */
function expectedProduct(product: Product, a: Float32Array, b: Float32Array): Float32Array {
  const { batch, M, N, K, transposeA, transposeB, sharedA, sharedB } = product;
  const c = new Float32Array(batch * M * N);
  for (let i = 0; i < c.length; i++) {
    const [matrix, m, n] = [Math.floor(i / (M * N)), Math.floor(i / N) % M, i % N];
    const [fromA, fromB] = [sharedA ? 0 : matrix * M * K, sharedB ? 0 : matrix * K * N];
    let sum = 0;
    for (let k = 0; k < K; k++) {
      sum += a[fromA + (transposeA ? k * M + m : m * K + k)]! * b[fromB + (transposeB ? n * K + k : k * N + n)]!;
    }
    c[i] = sum;
  }
  return c;
}

optionalTest("vulkan", "`multiply()` gives the product for every tiling, transpose, alignment and split", async () => {
  const { backend, close, failure } = await openWebGpu();
  let failed: Error | undefined;
  failure.then((reason) => failed = reason);
  for (const tiling of TILINGS) {
    for (const [transposeA, transposeB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
      for (const odd of [0, 1]) {
        const [M, N, K] = [tiling.rows + 4 + odd, tiling.columns + 8 + odd, 68 + odd];
        const product = { batch: 2, M, N, K, transposeA, transposeB, sharedA: odd === 1, sharedB: !transposeB };
        const a = normalValues([product.sharedA ? 1 : 2, M, K], 1).data as Float32Array;
        const b = normalValues([product.sharedB ? 1 : 2, K, N], 2).data as Float32Array;
        const [x, y] = [tf.tensor(a), tf.tensor(b)];
        const plan: ProductPlan = { tiling, splits: odd === 1 ? 3 : 1 };
        const info = multiply(backend, product, x, y, [2, M, N], { plan });
        const c = tf.engine().makeTensorFromTensorInfo(info);
        const error = distance(await c.data() as Float32Array, expectedProduct(product, a, b));
        tf.dispose([x, y, c]);
        assert.ok(error < 1e-5, `${JSON.stringify({ ...plan, ...product })} is off by ${error}`);
      }
    }
  }
  assert.equal(failed, undefined);
  await close();
}, options);

for (const features of [undefined, []]) {
  const on = features === undefined ? "the adapter's features" : "no features";
  optionalTest("vulkan", `\`multiply()\` of one to eight rows gives the product with ${on}`, async () => {
    const adapter = async () => pretend((await findAdapter())!, features === undefined ? {} : { features });
    const { backend, close } = await openWebGpu({ adapter });
    for (const M of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const [N, K] of [[21, 140], [8, 37]] as const) {
        const a = normalValues([M, K], 1).data as Float32Array;
        const b = normalValues([N, K], 2).data as Float32Array;
        const product = { ...plain, batch: 1, M, N, K };
        const info = multiply(backend, product, tf.tensor(a), tf.tensor(b), [M, N]);
        const c = await tf.engine().makeTensorFromTensorInfo(info).data() as Float32Array;
        assert.ok(distance(c, expectedProduct(product, a, b)) < 1e-5, `${[M, N, K]}`);
      }
    }
    await close();
  }, options);
}

optionalTest("vulkan", "`matMul()` repeats the matrices of both batches", async () => {
  const { close } = await openWebGpu();
  const a = normalValues([2, 1, 4, 6], 1);
  const b = normalValues([1, 3, 6, 5], 2);
  const spread = tf.matMul(tf.tensor(a.data, [2, 1, 4, 6]), tf.tensor(b.data, [1, 3, 6, 5]));
  assert.deepEqual(spread.shape, [2, 3, 4, 5]);
  const values = await spread.data() as Float32Array;
  const one = { batch: 1, M: 4, N: 5, K: 6, transposeA: false, transposeB: false, sharedA: true, sharedB: true };
  for (let i = 0; i < 6; i++) {
    const [x, y] = [Math.floor(i / 3) * 24, (i % 3) * 30];
    const part = expectedProduct(one, a.data.slice(x, x + 24) as Float32Array, b.data.slice(y, y + 30) as Float32Array);
    assert.ok(distance(values.slice(i * 20, i * 20 + 20), part) < 1e-6);
  }
  await close();
}, options);

Deno.test("`planProduct()` takes large tiles for large products and small ones for small products", () => {
  const rows = (M: number, N: number, K: number, batch = 1) =>
    planProduct({ ...plain, batch, M, N, K }, limits).tiling.rows;
  assert.equal(rows(4096, 4096, 4096), 128);
  assert.equal(rows(64, 64, 64), 32);
  assert.equal(rows(8, 49152, 576), 32);
});

Deno.test("`planProduct()` splits a long inner dimension when there are few tiles, and only then", () => {
  const splits = (M: number, N: number, K: number) => planProduct({ ...plain, batch: 1, M, N, K }, limits).splits;
  assert.ok(splits(256, 256, 8192) > 1);
  assert.equal(splits(4096, 4096, 8192), 1);
  assert.equal(splits(256, 256, 128), 1);
});

Deno.test("`planProduct()` stays within the device's workgroups", () => {
  const small = { ...LEAST_LIMITS, maxComputeInvocationsPerWorkgroup: 128 } as unknown as GPUSupportedLimits;
  assert.equal(planProduct({ ...plain, batch: 1, M: 4096, N: 4096, K: 4096 }, small).tiling.rows, 64);
});
