// Opening WebGPU devices: none available, the choice of `auto`, software adapters, lost devices, errors and limits.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { repositoryRoot } from "../../lib/run/mod.ts";
import { interruptible, openDevice, swiglu } from "../../lib/tensor/mod.ts";
import type { StitchbookWebGPU } from "../../lib/tensor/webgpu/backend.ts";
import { describeAdapter, findAdapter } from "../../lib/tensor/webgpu/open.ts";
import { optionalTest } from "../optional.ts";
import { flushHalves, LEAST_LIMITS, pretend } from "./adapters.ts";

const options = { sanitizeResources: false, sanitizeOps: false };
const absent = () => Promise.resolve(undefined);
const gpu = () => (tf.backend() as StitchbookWebGPU).device as unknown as GPUDevice;

function refused(code: string, pattern: RegExp) {
  return (error: unknown) => error instanceof UserError && error.code === code && pattern.test(error.message);
}

Deno.test('`openDevice("webgpu")` refuses a machine without an adapter and does not change the backend', async () => {
  await (await openDevice("reference")).close();
  await assert.rejects(openDevice("webgpu", { adapter: absent }), refused("device.absent", /no WebGPU adapter/));
  assert.equal(tf.getBackend(), "cpu");
});

Deno.test('`openDevice("auto")` is the CPU on a machine without an adapter', async () => {
  const device = await openDevice("auto", { adapter: absent, threads: 1 });
  assert.equal(device.name, "cpu");
  await device.close();
});

optionalTest("vulkan", '`openDevice("auto")` never runs on a software adapter', async () => {
  const software = async () => pretend((await findAdapter())!, { description: "llvmpipe (LLVM 15.0.6, 256 bits)" });
  const device = await openDevice("auto", { adapter: software, threads: 1 });
  assert.equal(device.name, "cpu");
  await device.close();
}, options);

if (Deno.build.os === "linux") {
  optionalTest(
    "vulkan",
    "`findAdapter()` loads no library but Vulkan's: EGL's makes processes abort at their exit",
    async () => {
      const program =
        'const { findAdapter } = await import("./lib/tensor/webgpu/open.ts"); if (!(await findAdapter())) ' +
        'Deno.exit(1); console.log(Deno.readTextFileSync("/proc/self/maps"))';
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", program],
        cwd: repositoryRoot,
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const maps = new TextDecoder().decode(stdout);
      assert.match(maps, /libvulkan/);
      assert.doesNotMatch(maps, /libEGL/);
    },
  );
}

optionalTest("vulkan", '`openDevice("auto")` is WebGPU on a machine with a real GPU', async () => {
  const real = async () =>
    pretend((await findAdapter())!, { description: "NVIDIA H100 80GB HBM3", features: [], compile: flushHalves });
  const device = await openDevice("auto", { adapter: real });
  assert.equal(device.name, "webgpu");
  assert.equal(device.description, "WebGPU, NVIDIA H100 80GB HBM3");
  assert.deepEqual([...await tf.add(tf.tensor1d([1, 2]), 1).data()], [2, 3]);
  await device.close();
}, options);

optionalTest("vulkan", "`describeAdapter()` distinguishes software from hardware", async () => {
  const adapter = (await findAdapter())!;
  const software = (description: string) => describeAdapter(pretend(adapter, { description })).software;
  for (const name of ["llvmpipe (LLVM 15)", "SwiftShader Device", "Microsoft Basic Render Driver"]) {
    assert.ok(software(name), name);
  }
  for (const name of ["NVIDIA H100", "Apple M3", "AMD Radeon 780M", "Intel(R) Iris(R) Xe"]) assert.ok(!software(name));
}, options);

optionalTest("vulkan", "a software adapter has a warning that names it, a hardware adapter has none", async () => {
  for (
    const [description, warning] of [["llvmpipe", /llvmpipe.*on the CPU.*--device cpu/], ["A GPU", undefined]] as const
  ) {
    const device = await openDevice("webgpu", {
      adapter: async () => pretend((await findAdapter())!, { description }),
    });
    if (warning === undefined) assert.equal(device.warning, undefined);
    else assert.match(device.warning!, warning);
    await device.close();
  }
}, options);

optionalTest("vulkan", "only a software adapter's dispatches are waited for, and only on request", async () => {
  const submissions = async (description: string, waitsForDispatches: boolean) => {
    const adapter = async () => pretend((await findAdapter())!, { description });
    const device = await openDevice("webgpu", { adapter, waitsForDispatches });
    const { queue } = gpu();
    let count = 0;
    const submit = queue.submit.bind(queue);
    queue.submit = (buffers) => {
      count++;
      return submit(buffers);
    };
    const x = tf.ones([4, 8]);
    for (let i = 0; i < 8; i++) swiglu(x, x).dispose();
    await device.close();
    return count;
  };
  assert.equal(await submissions("A GPU", true), 0);
  assert.equal(await submissions("llvmpipe", false), 0);
  assert.ok(await submissions("llvmpipe", true) >= 8);
}, options);

optionalTest("vulkan", "work on a software adapter is interrupted between two kernels", async () => {
  const device = await openDevice("webgpu", { waitsForDispatches: true });
  const before = tf.memory().numTensors;
  let [compiled, checks] = [0, 0];
  device.onFirstCompile(() => compiled++);
  const stop = new Error("Stop");
  const work = () =>
    tf.tidy(() => {
      let x: tf.Tensor = tf.ones([4, 8]);
      for (let i = 0; i < 100; i++) x = swiglu(x, x);
    });
  assert.throws(
    () =>
      interruptible(() => {
        if (++checks === 5) throw stop;
      }, work),
    (error) => error === stop,
  );
  assert.equal(compiled, 1);
  assert.equal(checks, 5);
  assert.equal(tf.memory().numTensors, before);
  work(); // without a check
  assert.equal(checks, 5);
  await device.close();
}, options);

optionalTest("vulkan", "an adapter that cannot open a device is refused by name", async () => {
  const used = async () => {
    const adapter = (await findAdapter())!;
    return pretend(adapter, { description: "Old GPU", limits: { maxBufferSize: 2 ** 60 } });
  };
  await assert.rejects(
    openDevice("webgpu", { adapter: used }),
    refused("device.absent", /Old GPU could not open a device/),
  );
}, options);

optionalTest("vulkan", "a device that is lost settles `failure` with the reason", async () => {
  const device = await openDevice("webgpu");
  gpu().destroy();
  const { message } = await device.failure;
  assert.match(message, /^The WebGPU device was lost \(destroyed\)/);
  await device.close();
}, options);

optionalTest("vulkan", "an uncaptured error settles `failure` with its message", async () => {
  const device = await openDevice("webgpu");
  gpu().createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
  assert.match((await device.failure).message, /^WebGPU reported an error: /);
  await device.close();
}, options);

optionalTest("vulkan", "running out of device memory is reported with what the user can do", async () => {
  const device = await openDevice("webgpu");
  const error = new GPUOutOfMemoryError("Not enough memory left");
  gpu().dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  assert.ok(refused("device.memory", /out of memory: Not enough/)(await device.failure));
  await device.close();
}, options);

optionalTest("vulkan", "`close()` destroys the device without settling `failure`", async () => {
  const device = await openDevice("webgpu");
  const { lost } = gpu();
  let failed = false;
  device.failure.then(() => failed = true);
  await device.close();
  await lost;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(failed, false);
}, options);

optionalTest("vulkan", "a tensor past the device's limit is refused with operation, shape and limit", async () => {
  const least = async () => pretend((await findAdapter())!, { limits: LEAST_LIMITS });
  const device = await openDevice("webgpu", { adapter: least });
  let failed = false;
  device.failure.then(() => failed = true);
  const column = tf.ones([8192, 1]);
  const row = tf.ones([1, 8192]);
  assert.throws(() => tf.matMul(column, row), (error) => {
    assert.ok(
      refused("tensor.limit", /^BatchMatMul\(\) on \[8192,8192\].*268435456 bytes.*BindingSize 134217728/)(error),
      String(error),
    );
    return true;
  });
  assert.throws(() => tf.add(column, row), refused("tensor.limit", /^binary\(\) on \[8192,8192\]/));
  assert.equal((await tf.sum(column).data())[0], 8192);
  assert.equal(failed, false);
  await device.close();
}, options);

optionalTest("vulkan", "a disposed tensor or one of another dtype is refused", async () => {
  const device = await openDevice("webgpu");
  const { swiglu } = await import("../../lib/tensor/mod.ts");
  const [a, b] = [tf.ones([4]), tf.ones([4])];
  assert.throws(() => swiglu(a, tf.ones([4], "int32")), refused("tensor.dtype", /\[4\].*int32/));
  b.dispose();
  assert.throws(() => swiglu(a, b), refused("tensor.disposed", /\[4\]/));
  await device.close();
}, options);
