// The WebGPU backend itself: what it assumes about tfjs, what it keeps and frees, and that equal work gives equal bytes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { toVariables } from "../../lib/model/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { crossEntropy, embedding, openDevice, swiglu } from "../../lib/tensor/mod.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { type BufferManager, watchFreeBuffers } from "../../lib/tensor/webgpu/free-buffers.ts";
import { float, gridOf, uniformWords } from "../../lib/tensor/webgpu/program.ts";
import { pretraining, train, trainConfigSchema } from "../../lib/train/mod.ts";
import { optionalTest } from "../optional.ts";
import { bigWeights, randomBatch, TINY } from "../tiny.ts";

const options = { sanitizeResources: false, sanitizeOps: false };
const webgpu = () => tf.backend() as StitchbookWebGPU;

Deno.test("`gridOf()` covers all workgroups, with no side over the limit", () => {
  for (const [groups, limit] of [[1, 5], [5, 5], [6, 5], [24, 5], [26, 5], [99, 5], [125, 5], [70_000, 65_535]]) {
    const grid = gridOf(groups!, limit!)!;
    assert.ok(grid.every((side) => side >= 1 && side <= limit!), String(grid));
    const [x, y, z] = grid;
    assert.ok(x * y * z >= groups! && x * y * z < groups! + limit! * limit!, `${groups}: ${grid}`);
  }
  assert.equal(gridOf(126, 5), undefined);
});

Deno.test("`uniformWords()` keeps integers as integers and floats as floats, in whole vectors", () => {
  const words = uniformWords([7, float(0.5), -1]);
  assert.deepEqual([...words], [7, 0x3f000000, 0xffffffff, 0]);
});

optionalTest("vulkan", "tfjs's backend has the private fields that our launches use", async () => {
  const device = await openDevice("webgpu");
  const part = (name: string) => (webgpu() as unknown as Record<string, unknown>)[name];
  const kind = (name: string) => (part(name) as object).constructor.name;
  assert.equal(part("commandEncoder"), null);
  assert.equal(kind("commandQueueOwnedIds"), "WeakSet");
  assert.equal(part("dispatchCountInPass"), 0);
  swiglu(tf.ones([4]), tf.ones([4]));
  assert.equal(kind("commandEncoder"), "GPUCommandEncoder");
  assert.equal(kind("computePassEncoder"), "GPUComputePassEncoder");
  assert.ok((part("dispatchCountInPass") as number) >= 1);
  await device.close();
}, options);

optionalTest("vulkan", "`tf.time()` measures our kernels by name", async () => {
  const device = await openDevice("webgpu");
  const x = tf.ones([64]);
  const profile = await tf.profile(() => swiglu(x, x));
  const mine = profile.kernels.find(({ name }) => name === "StitchbookSwiglu")!;
  assert.match(String(await mine.extraInfo), /^swiglu vec4<f32>: [\d.]+/);
  await device.close();
}, options);

optionalTest("vulkan", "more distinct uniforms than are kept are all correct", async () => {
  const device = await openDevice("webgpu");
  const backend = webgpu();
  const sums: tf.Tensor[] = [];
  const x = tf.ones([8]);
  for (let i = 0; i < 4200; i++) {
    tf.tidy(() => {
      const info = backend.output([1]);
      backend.launch(FILL, [info], [float(i)], 1);
      const tensor = tf.engine().makeTensorFromTensorInfo(info);
      if (i % 700 === 0) sums.push(tf.keep(tensor));
    });
  }
  x.dispose();
  assert.deepEqual([...await tf.stack(sums).data()], [0, 700, 1400, 2100, 2800, 3500]);
  await device.close();
}, options);

const FILL = {
  key: "test fill",
  reads: 0,
  writes: 1,
  text: () => `
struct Uniforms { groups: u32, value: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> uniforms: Uniforms;
@compute @workgroup_size(1) fn main() { y[0] = uniforms.value; }`,
};

optionalTest("vulkan", "an id outside of the table is refused while JavaScript has its value", async () => {
  const device = await openDevice("webgpu");
  const table = tf.ones([5, 2]) as tf.Tensor2D;
  assert.throws(() => embedding(table, tf.tensor1d([0, 5], "int32")), /ids in \[0, 5\), but id 1 is 5/);
  await device.close();
}, options);

optionalTest("vulkan", "a target outside of the vocabulary is refused while JavaScript has its value", async () => {
  const device = await openDevice("webgpu");
  const losses = (targets: number[]) => crossEntropy(tf.ones([2, 4]), tf.tensor1d(targets, "int32"));
  for (const target of [4, 2 ** 30]) assert.throws(() => losses([-1, target]), { code: "tensor.index" });
  assert.ok(Math.abs((await losses([-1, 3]).data())[1]! - Math.log(4)) < 1e-6);
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "a stock operation with float atomics is refused, unless the device need not repeat itself",
  async () => {
    const scatter = () => tf.scatterND(tf.tensor2d([[1], [1]], [2, 1], "int32"), tf.tensor1d([2, 3]), [4]);
    const device = await openDevice("webgpu");
    assert.throws(scatter, (error) => error instanceof UserError && error.code === "webgpu.atomics");
    await device.close();
    const free = await openDevice("webgpu", { deterministic: false });
    assert.deepEqual([...await scatter().data()], [0, 5, 0, 0]);
    await free.close();
  },
  options,
);

optionalTest("vulkan", "synchronous reads are refused, except of values that JavaScript has", async () => {
  const device = await openDevice("webgpu");
  const x = tf.tensor1d([1, 2]);
  assert.deepEqual([...x.dataSync()], [1, 2]);
  const y = swiglu(tf.tensor1d([1, 2]), tf.tensor1d([1, 2]));
  assert.throws(() => y.dataSync(), (error) => error instanceof UserError && error.code === "webgpu.sync");
  assert.equal((await y.data()).length, 2);
  await device.close();
}, options);

optionalTest("vulkan", "the gradient of `tf.gather()` adds up repeated rows in order", async () => {
  const device = await openDevice("webgpu");
  const ids = tf.tensor1d([2, 0, 2, 2], "int32");
  const gradient = tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.gather(x, ids), tf.tensor2d([[1], [2], [3], [4]]))));
  assert.deepEqual([...await gradient(tf.ones([4, 1])).data()], [2, 0, 8, 0]);
  await device.close();
}, options);

optionalTest(
  "vulkan",
  "buffers of sizes that do not come again are destroyed before they fill the device",
  async () => {
    const device = await openDevice("webgpu");
    const manager = webgpu().bufferManager as unknown as BufferManager;
    assert.ok(manager.freeBuffers instanceof Map);
    const trim = watchFreeBuffers(manager, 2 ** 20);
    let most = 0;
    for (let i = 0; i < 100; i++) {
      const sum = tf.tidy(() => swiglu(tf.fill([50_000 + i], 1), tf.fill([50_000 + i], i)));
      const [, last] = (await sum.data()).slice(-2);
      assert.ok(Math.abs(last! - 0.7310586 * i) < 1e-4 * i + 1e-6, `${i}: ${last}`);
      sum.dispose();
      trim();
      most = Math.max(most, manager.numBytesAllocated);
    }
    assert.ok(most < 6e6, `${most} bytes`); // 100 times 3 tensors of 200 kB would be 60 MB
    assert.ok(manager.numFreeBuffers >= 0 && manager.numBytesUsed <= manager.numBytesAllocated);
    await device.close();
  },
  options,
);

/** Trains a tiny decoder; returns its reports, its weights, and the backend's memory after each step. */
async function trainTiny(steps: number, layers: number) {
  const model = { ...TINY, layers };
  const config = trainConfigSchema.parse({ steps, batch: 2, warmup: 0, lr: 1e-3 });
  const device = await openDevice("webgpu");
  const parameters = toVariables(bigWeights(model, 1));
  const held: Record<string, number>[] = [];
  const values: number[] = [];
  const batchAt = (step: number) => randomBatch(2, 8, step);
  await train(pretraining(model, parameters, {
    config,
    batchAt,
    validation: [],
    onStep: (report) => {
      values.push(report.values["loss"]!, report.values["gradientNorm"]!);
      held.push({
        tensors: tf.memory().numTensors,
        bytes: device.heapBytes()!.reserved,
        built: webgpu().pipelineCount,
      });
    },
  }));
  const weights = await Promise.all(Object.values(parameters).map((parameter) => parameter.data()));
  const bytes = weights.map((array) => new Uint8Array(array.buffer.slice(0)));
  tf.dispose(Object.values(parameters));
  await device.close();
  return { held, values, bytes };
}

optionalTest(
  "vulkan",
  "training on WebGPU for 300 steps holds no more from step to step and builds nothing",
  async () => {
    const { held } = await trainTiny(300, 1);
    assert.equal(held.length, 300);
    assert.equal(held[1]!["built"], held[0]!["built"]);
    for (const [step, after] of held.entries()) if (step > 2) assert.deepEqual(after, held[2], `step ${step}`);
  },
  options,
);

optionalTest("vulkan", "training on WebGPU repeats its bytes", async () => {
  const first = await trainTiny(12, 3);
  const second = await trainTiny(12, 3);
  assert.deepEqual(second.values, first.values);
  assert.deepEqual(second.bytes, first.bytes);
}, options);
