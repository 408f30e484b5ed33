// Every operation on WebGPU, a software adapter if there is no other, against the reference.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { describeDevices, openDevice } from "../../lib/tensor/mod.ts";
import { optionalTest } from "../optional.ts";
import { cases } from "./cases.ts";
import { distance, evaluateLater } from "./support.ts";

// One in four: a software adapter is slow.
const chosen = cases.filter((_, i) => i % 4 === 0);

optionalTest("vulkan", "every operation and gradient on WebGPU equals the reference", async () => {
  await (await openDevice("reference")).close();
  const expected: Float32Array[][] = [];
  for (const { inputs, trained, reference } of chosen) expected.push(await evaluateLater(inputs, trained, reference));
  const device = await openDevice("webgpu");
  assert.equal(tf.getBackend(), "webgpu");
  for (const [i, { name, inputs, trained, ours }] of chosen.entries()) {
    const results = await evaluateLater(inputs, trained, ours);
    results.forEach((result, j) => {
      const error = distance(result, expected[i]![j]!);
      assert.ok(error < 1e-4, `${name}: ${j === 0 ? "value" : `gradient ${j}`} is off by ${error}`);
    });
  }
  await device.close();
}, { sanitizeResources: false, sanitizeOps: false });

optionalTest("vulkan", '`openDevice("auto")` never runs on a software adapter', async () => {
  const { adapter } = await describeDevices();
  const device = await openDevice("auto", { threads: 1 });
  assert.equal(device.name, adapter === undefined || adapter.software ? "cpu" : "webgpu");
  await device.close();
}, { sanitizeResources: false, sanitizeOps: false });
