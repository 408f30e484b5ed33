// AdamW on WebGPU: it follows the reference for any number of buffers that the device binds, and leaves nothing stale.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { adamW, type AdamWSettings, type AdamWSlot, type Device, openDevice } from "../../lib/tensor/mod.ts";
import { findAdapter } from "../../lib/tensor/webgpu/open.ts";
import { optionalTest } from "../optional.ts";
import { LEAST_LIMITS, pretend } from "./adapters.ts";
import { distance, normalValues } from "./support.ts";

const options = { sanitizeResources: false, sanitizeOps: false };
// more parameters than any launch covers, one of them longer than a workgroup's chunk
const shapes = [[1], [3, 5], [130, 170], [17], ...Array.from({ length: 9 }, (_, i) => [i + 1, 3])];
const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 };
const least = async () => pretend((await findAdapter())!, { limits: LEAST_LIMITS, features: [] });

function slotsOf(shapes: readonly number[][]): AdamWSlot[] {
  const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
  return shapes.map((shape, i) => ({
    parameter: tf.tidy(() => tf.variable(tf.tensor(normalValues(shape, i).data, shape))),
    m: zeros(shape),
    v: zeros(shape),
    decay: i % 2 === 0 ? 0.1 : 0,
  }));
}

async function update(slots: AdamWSlot[], gradients: tf.Tensor[], settings: AdamWSettings): Promise<number> {
  const norm = adamW(slots, gradients, settings);
  const [value] = await norm.data();
  norm.dispose();
  return value!;
}

/** Four updates on a device, with the parameters also read halfway, as for a checkpoint. */
async function train(device: Device, more: { clipNorm: number; clipUpdate?: number }) {
  const slots = slotsOf(shapes);
  const norms: number[] = [];
  const arrays: Float32Array[] = [];
  for (let step = 1; step <= 4; step++) {
    const gradients = shapes.map((shape, i) => tf.tensor(normalValues(shape, 100 * step + i).data, shape));
    norms.push(await update(slots, gradients, { ...settings, ...more, step }));
    tf.dispose(gradients);
    if (step % 2 === 0) {
      const all = slots.flatMap(({ parameter, m, v }) => [parameter, m, v]);
      for (const tensor of all) arrays.push(Float32Array.from(await tensor.data()));
    }
  }
  for (const { parameter, m, v } of slots) tf.dispose([parameter, m, v]);
  await device.close();
  return { norms, arrays };
}

for (const more of [{ clipNorm: 1 }, { clipNorm: Infinity }, { clipNorm: 1, clipUpdate: 0.7 }]) {
  optionalTest("vulkan", `\`adamW()\` on WebGPU follows the reference with ${JSON.stringify(more)}`, async () => {
    const expected = await train(await openDevice("reference"), more);
    for (const device of [() => openDevice("webgpu"), () => openDevice("webgpu", { adapter: least })]) {
      const result = await train(await device(), more);
      result.arrays.forEach((ours, i) => {
        const error = distance(ours, expected.arrays[i]!);
        assert.ok(error < 2e-6, `array ${i} is off by ${error}`);
      });
      result.norms.forEach((norm, i) => assert.ok(Math.abs(norm / expected.norms[i]! - 1) < 1e-5));
    }
  }, options);
}

optionalTest("vulkan", "`adamW()` on WebGPU does not change clones and initial values", async () => {
  const device = await openDevice("webgpu");
  const initial = tf.fill([400], 2);
  const parameter = tf.variable(initial);
  const clone = parameter.clone();
  const moments = tf.zeros([400]);
  const slot = { parameter, m: tf.variable(moments), v: tf.variable(moments), decay: 0 };
  await update([slot], [tf.ones([400])], { ...settings, learningRate: 0.5, clipNorm: Infinity, step: 1 });
  const at7 = async (tensor: tf.Tensor) => (await tensor.data())[7]!;
  assert.equal(await at7(initial), 2);
  assert.equal(await at7(clone), 2);
  assert.equal(await at7(moments), 0);
  assert.ok(Math.abs(await at7(parameter) - 1.5) < 1e-5);
  assert.ok(Math.abs(await at7(slot.m) - 0.1) < 1e-6);
  assert.ok(Math.abs(await at7(slot.v) - 0.05) < 1e-6);
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "`adamW()` on WebGPU makes parameters NaN when a gradient is NaN and gradients are clipped",
  async () => {
    const device = await openDevice("webgpu");
    const [slot] = slotsOf([[20]]);
    const gradient = tf.tensor1d([NaN, ...new Array<number>(19).fill(1)]);
    assert.ok(Number.isNaN(await update([slot!], [gradient], { ...settings, clipNorm: 1, step: 1 })));
    assert.ok((await slot!.parameter.data()).every(Number.isNaN));
    await device.close();
  },
  options,
);

optionalTest("vulkan", "a parameter that is read while it is updated is read again the next time", async () => {
  const device = await openDevice("webgpu");
  const [slot] = slotsOf([[20]]);
  tf.tidy(() => void tf.mul(slot!.parameter, 2)); // so that it is on the device
  const before = slot!.parameter.data();
  const updated = update([slot!], [tf.ones([20])], { ...settings, clipNorm: Infinity, step: 1 });
  assert.deepEqual(Float32Array.from(await before), normalValues([20], 0).data);
  await updated;
  assert.notDeepEqual(Float32Array.from(await slot!.parameter.data()), normalValues([20], 0).data);
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "`adamW()` of no parameters on WebGPU returns a norm of 0, whatever its buffer contained",
  async () => {
    const device = await openDevice("webgpu");
    const left = tf.tidy(() => tf.add(tf.fill([1], 7), 1));
    await left.data();
    left.dispose();
    assert.equal(await update([], [], { ...settings, clipNorm: 1, step: 1 }), 0);
    await device.close();
  },
  options,
);
