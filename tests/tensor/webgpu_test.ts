// Every operation on WebGPU, a software adapter if there is no other, against the reference.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openDevice } from "../../lib/tensor/mod.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { optionalTest } from "../optional.ts";
import { cases } from "./cases.ts";
import { distance, evaluateLater } from "./support.ts";

// Where both batches are repeated, the stock `cpu` backend gives half of the product: see webgpu_product_test.ts.
const chosen = cases.filter(({ name }) => name !== "matMul [2,1,4,6] by [1,3,6,5]");

/** Fills the buffers that wait to be used again with NaN, so that a kernel that leaves out a number is found out. */
function poison(): void {
  const { bufferManager, device } = tf.backend() as StitchbookWebGPU;
  const { freeBuffers } = bufferManager as unknown as { freeBuffers: Map<string, GPUBuffer[]> };
  for (const buffer of [...freeBuffers.values()].flat()) {
    if ((buffer.usage & GPUBufferUsage.STORAGE) === 0) continue;
    (device as unknown as GPUDevice).queue.writeBuffer(buffer, 0, new Float32Array(buffer.size / 4).fill(NaN));
  }
}

optionalTest("vulkan", "every operation and gradient on WebGPU equals the reference", async (t) => {
  await (await openDevice("reference")).close();
  const expected: Float32Array[][] = [];
  for (const { inputs, trained, reference } of chosen) expected.push(await evaluateLater(inputs, trained, reference));
  const device = await openDevice("webgpu");
  let failure: Error | undefined;
  device.failure.then((reason) => failure = reason);
  assert.equal(tf.getBackend(), "webgpu");
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
}, { sanitizeResources: false, sanitizeOps: false });
