// Every operation on WebGPU, on a software adapter if there is no other, compared with the reference: on the adapter as
// it is, and on one with WebGPU's minimal limits and no optional features.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  causalAttention,
  crossEntropy,
  type DeviceOptions,
  openDevice,
  rmsNorm,
  swiglu,
} from "../../lib/tensor/mod.ts";
import { causalAttentionReference } from "../../lib/tensor/ops/causal-attention.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { findAdapter } from "../../lib/tensor/webgpu/open.ts";
import { optionalTest } from "../optional.ts";
import { flushHalves, LEAST_LIMITS, pretend } from "./adapters.ts";
import { cases } from "./cases.ts";
import { type Case, distance, evaluateLater, normalValues } from "./support.ts";

const options = { sanitizeResources: false, sanitizeOps: false };

// where both batches are repeated, the stock `cpu` backend computes half of the product: see webgpu-product_test.ts
const chosen = cases.filter(({ name }) => name !== "matMul [2,1,4,6] by [1,3,6,5]");

const webgpu = () => tf.backend() as StitchbookWebGPU;

/** Fills free buffers with NaN, so that a kernel that does not write a number is caught. */
function poison(): void {
  const { bufferManager, device } = webgpu();
  const { freeBuffers } = bufferManager as unknown as { freeBuffers: Map<string, GPUBuffer[]> };
  for (const buffer of [...freeBuffers.values()].flat()) {
    if ((buffer.usage & GPUBufferUsage.STORAGE) === 0) continue;
    (device as unknown as GPUDevice).queue.writeBuffer(buffer, 0, new Float32Array(buffer.size / 4).fill(NaN));
  }
}

let references: Promise<Float32Array[][]> | undefined;

/** The reference's results for each of the chosen cases. */
async function expectedResults(): Promise<Float32Array[][]> {
  await (await openDevice("reference")).close();
  const results: Float32Array[][] = [];
  for (const { inputs, trained, reference } of chosen) results.push(await evaluateLater(inputs, trained, reference));
  return results;
}

/** Compares each case; `prepare` is called once, when the device is open. */
async function compareAll(t: Deno.TestContext, opening: DeviceOptions, prepare = () => {}): Promise<void> {
  const expected = await (references ??= expectedResults());
  const device = await openDevice("webgpu", opening);
  let failure: Error | undefined;
  device.failure.then((reason) => failure = reason);
  assert.equal(tf.getBackend(), "webgpu");
  prepare();
  for (const [i, { name, inputs, trained, ours }] of chosen.entries()) {
    await t.step(name, async () => {
      poison();
      const results = await evaluateLater(inputs, trained, ours);
      results.forEach((result, j) => {
        const error = distance(result, expected[i]![j]!);
        assert.ok(error < 1e-5, `${j === 0 ? "value" : `gradient ${j}`} is off by ${error}`);
      });
      assert.equal(failure, undefined);
    });
  }
  await device.close();
}

optionalTest(
  "vulkan",
  "every operation and gradient on WebGPU equals the reference",
  (t) => compareAll(t, {}),
  options,
);

optionalTest("vulkan", "every operation and gradient equals the reference on a minimal WebGPU device", (t) => {
  const adapter = async () =>
    pretend((await findAdapter())!, { limits: LEAST_LIMITS, features: [], compile: flushHalves });
  // also with grids so short that they need all three dimensions
  return compareAll(t, { adapter }, () => {
    const limits = { ...LEAST_LIMITS, maxComputeWorkgroupsPerDimension: 11 };
    Object.assign(webgpu(), { limits });
  });
}, options);

function attentionCase(D: number, documents?: Int32Array): Case {
  const [B, T, H, G] = [2, 20, 2, 1];
  const inputs = [[B, T, H, D], [B, T, G, D], [B, T, G, D]].map((shape, i) => normalValues(shape, i));
  return {
    name: `causalAttention D ${D}`,
    inputs: documents === undefined ? inputs : [...inputs, { data: documents, shape: [B, T] }],
    trained: [0, 1, 2],
    ours: ([q, k, v, d]) => causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, d as tf.Tensor2D),
    reference: ([q, k, v, d]) =>
      causalAttentionReference(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, d as tf.Tensor2D),
  };
}

async function compareOne({ inputs, trained, ours, reference }: Case, opening: DeviceOptions = {}): Promise<void> {
  await (await openDevice("reference")).close();
  const expected = await evaluateLater(inputs, trained, reference);
  const device = await openDevice("webgpu", opening);
  const results = await evaluateLater(inputs, trained, ours);
  results.forEach((result, i) => assert.ok(distance(result, expected[i]!) < 1e-5, `result ${i}`));
  await device.close();
}

optionalTest(
  "vulkan",
  "attention with large heads uses smaller tiles, and heads that are too large are refused",
  async () => {
    const adapter = async () => pretend((await findAdapter())!, { limits: LEAST_LIMITS });
    await compareOne(attentionCase(128), { adapter });
    const device = await openDevice("webgpu", { adapter });
    const huge = tf.zeros([1, 4, 1, 1024]) as tf.Tensor4D;
    assert.throws(
      () => causalAttention(huge, huge, huge),
      /causalAttention on \[1,4,1,1024\].*heads smaller than 1024.*maxComputeWorkgroupStorageSize 16384/,
    );
    await device.close();
  },
  options,
);

optionalTest("vulkan", "attention on WebGPU stays within a document that is not contiguous", async () => {
  await compareOne(attentionCase(8, Int32Array.from({ length: 40 }, (_, i) => (i * 7) % 5)));
}, options);

optionalTest("vulkan", "NaN and infinity are not lost on WebGPU", async () => {
  const device = await openDevice("webgpu");
  for (const bad of [NaN, Infinity]) {
    const row = tf.tensor1d([1, 2, bad, 4, 5, 6, 7, 8]);
    const rows = row.reshape([1, 8]) as tf.Tensor2D;
    const heads = row.reshape([1, 2, 1, 4]) as tf.Tensor4D;
    const others = tf.ones([1, 2, 1, 4]) as tf.Tensor4D;
    const results = {
      matMul: tf.matMul(rows, tf.ones([8, 40])),
      rmsNorm: rmsNorm(rows, tf.ones([8]), 1e-5),
      swiglu: swiglu(rows, tf.ones([1, 8])),
      attention: causalAttention(others, others, heads),
      crossEntropy: crossEntropy(rows, tf.tensor1d([1], "int32")),
    };
    for (const [name, result] of Object.entries(results)) {
      const values = [...await result.data()];
      assert.ok(!values.every(Number.isFinite), `${name} of ${bad}: ${values.slice(0, 8)}`);
    }
  }
  await device.close();
}, options);
