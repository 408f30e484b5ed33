// The CPU backend: its binaries, its memory, its threads, and what happens when they fail.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../lib/errors.ts";
import {
  adamW,
  type AdamWSlot,
  causalAttention,
  crossEntropy,
  describeDevices,
  type Device,
  embedding,
  expertsIntoHub,
  heapBytes,
  hubIntoExpert,
  linear,
  openDevice,
  rmsNorm,
  rope,
  ropeFrequencies,
  ropeTable,
  swiglu,
  watchPeak,
} from "../../../lib/tensor/mod.ts";
import { builtFiles } from "../../../lib/tensor/cpu/wasm/build.ts";
import { openCpu, type StitchbookCPU } from "../../../lib/tensor/cpu/mod.ts";
import { cases } from "../cases.ts";
import { distance, evaluate, intValues, normalValues } from "../support.ts";

type T2 = tf.Tensor2D;

async function withCpu(threads: number, f: (device: Device) => void | Promise<void>): Promise<void> {
  const device = await openDevice("cpu", { threads });
  try {
    await f(device);
  } finally {
    await device.close();
  }
}

Deno.test("the committed kernels and generated source files are up to date", async () => {
  for (const [file, bytes] of await builtFiles()) assert.deepEqual(await Deno.readFile(file), bytes, file.pathname);
});

Deno.test("the kernels without relaxed SIMD agree with the reference", async () => {
  const chosen = cases.filter((_, i) => i % 3 === 0);
  await (await openDevice("reference")).close();
  const expected = chosen.map(({ inputs, trained, reference }) => evaluate(inputs, trained, reference));
  const machine = await openCpu({ threads: 1, simd: "simd" });
  assert.equal(machine.simd, "simd");
  chosen.forEach(({ name, inputs, trained, ours }, i) => {
    evaluate(inputs, trained, ours).forEach((result, j) => assert.ok(distance(result, expected[i]![j]!) < 2e-6, name));
  });
  await machine.close();
});

/** One training step of a small network that uses most kernels. */
function makeStep(): () => void {
  const variable = (shape: number[], seed: number) =>
    tf.tidy(() => {
      const { data } = normalValues(shape, seed, 0.1);
      return tf.variable(tf.tensor(data, shape));
    });
  const table = variable([50, 24], 1);
  const norm = variable([24], 2);
  const gate = variable([40, 24], 3);
  const up = variable([40, 24], 4);
  const down = variable([24, 40], 5);
  const parameters = [table, norm, gate, up, down];
  const slots = parameters.map((parameter): AdamWSlot => ({
    parameter,
    m: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    v: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    decay: 0.1,
  }));
  let step = 0;
  return () => {
    step++;
    tf.tidy(() => {
      const ids = tf.tensor(intValues([3 * 17], step, 0, 50).data, [3, 17], "int32");
      const { value, grads } = tf.variableGrads(() => {
        const h = rmsNorm(embedding(table as tf.Tensor2D, ids), norm, 1e-5);
        const heads = h.reshape([3, 17, 3, 8]) as tf.Tensor4D;
        const x = tf.add(h, causalAttention(heads, heads, heads).reshape([3, 17, 24]));
        const y = tf.add(x, linear(swiglu(linear(x, gate), linear(x, up)), down));
        const logits = linear(y, table).reshape([51, 50]) as tf.Tensor2D;
        return tf.mean(crossEntropy(logits, ids.reshape([51]) as tf.Tensor1D)) as tf.Scalar;
      });
      const gradients = parameters.map(({ name }) => grads[name]!);
      const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step };
      adamW(slots, gradients, settings);
      assert.ok(Number.isFinite(value.dataSync()[0]));
    });
  };
}

Deno.test("300 training steps hold no more tensors and bytes than three", async () => {
  await withCpu(2, () => {
    const step = makeStep();
    for (let i = 0; i < 3; i++) step();
    const tensors = tf.memory().numTensors;
    const bytes = heapBytes();
    for (let i = 0; i < 300; i++) step();
    assert.equal(tf.memory().numTensors, tensors);
    assert.deepEqual(heapBytes(), bytes);
  });
});

Deno.test("`watchPeak()` reports the most bytes held at once since the call", async () => {
  await withCpu(1, () => {
    const kept = tf.fill([1 << 18], 1);
    const held = heapBytes()!.used;
    const peak = watchPeak();
    assert.equal(peak(), held);
    tf.tidy(() => void tf.add(tf.fill([1 << 18], 1), kept));
    assert.equal(peak(), held + (2 << 20));
    tf.tidy(() => void tf.fill([1 << 18], 1));
    assert.equal(peak(), held + (2 << 20));
    assert.equal(watchPeak()(), held);
    kept.dispose();
  });
});

Deno.test("blocks of ever new sizes do not make the memory grow without bound", async () => {
  await withCpu(1, () => {
    for (let i = 0; i < 400; i++) tf.tidy(() => void tf.zerosLike(tf.fill([100_000 + 1000 * i], 1)));
    assert.ok(heapBytes()!.reserved < 64 << 20, String(heapBytes()!.reserved));
  });
});

Deno.test("an exhausted memory is a UserError with a hint, and freeing helps", async () => {
  const device = await openDevice("cpu", { threads: 1, memoryLimit: 32 << 20 });
  const held: tf.Tensor[] = [];
  assert.throws(
    () => {
      for (let i = 0; i < 100; i++) held.push(tf.fill([1 << 18], i));
    },
    (error) =>
      error instanceof UserError && error.code === "tensor.memory" && /at most 32\.0 MiB/.test(error.message) &&
      /smaller batch/.test(error.hint!),
  );
  assert.ok(held.length > 20);
  const [x, w] = [tf.zeros([2000, 4]), tf.zeros([3000, 4])];
  assert.throws(
    () => linear(x, w),
    /^UserError: linear\(x \[2000,4\], w \[3000,4\]\): Cannot allocate 2[2-9]\.\d MiB: .* of at most 32\.0 MiB are in use/,
  );
  tf.dispose([held, x, w]);
  // Freed pieces are merged: a block larger than any of them fits.
  tf.fill([3 << 20], 1).dispose();
  await device.close();
});

Deno.test("an operation on a disposed tensor is a UserError", async () => {
  await withCpu(1, () => {
    const w = tf.fill([300, 4], 1);
    const x = tf.fill([5, 4], 1);
    x.dispose();
    const call = () => tf.engine().runKernel("StitchbookLinear", { x, w });
    assert.throws(call, (error) => error instanceof UserError && error.code === "tensor.disposed");
  });
});

Deno.test("values that were read do not change when their tensor's block is reused", async () => {
  await withCpu(1, async () => {
    const x = tf.fill([1000], 7);
    const values = await x.data();
    x.dispose();
    tf.fill([1000], 8);
    assert.ok(values.every((value) => value === 7));
    const y = tf.fill([1000], 3);
    const view = tf.slice(y, [10], [20]); // the stock kernel takes a view of y's values
    y.dispose();
    tf.fill([1000], 4);
    assert.ok(view.dataSync().every((value) => value === 3));
  });
});

Deno.test("extreme logits and gates give the mathematical result", async () => {
  await withCpu(2, () => {
    const logits = tf.tensor2d([[1, Infinity, 2], [1, -Infinity, 2], [-Infinity, 0, 200]]);
    const losses = crossEntropy(logits, tf.tensor1d([0, 0, 1], "int32")).dataSync();
    assert.ok(!Number.isFinite(losses[0]));
    assert.ok(Math.abs(losses[1]! - Math.log(1 + Math.E)) < 1e-6);
    assert.equal(losses[2], 200);
    const huge = swiglu(tf.tensor1d([-1e30, 1e30, 100, -100, -Infinity]), tf.ones([5])).dataSync();
    assert.deepEqual([...huge].map((x) => Math.abs(x)).slice(0, 4), [0, Math.fround(1e30), 100, huge[3]! * -1]);
    assert.ok(Number.isNaN(huge[4])); // −∞ · 0, as in the reference
  });
});

Deno.test("exp is accurate to 2e-7 from the smallest to the largest result", async () => {
  await withCpu(1, () => {
    const xs = Float32Array.from({ length: 20_000 }, (_, i) => -87 + 175.7 * i / 20_000);
    // −log σ(z) ∘ 1: one expert against a hub of zeros gives e^z / (1 + e^z)
    const zeros = tf.zeros([xs.length, 1]) as tf.Tensor2D;
    const z = tf.tensor2d(xs, [xs.length, 1]);
    const gates = tf.tidy(() =>
      tf.engine().runKernel("StitchbookHubIntoExpert", { expert: zeros, projected: tf.onesLike(zeros), z }) as tf.Tensor
    ).dataSync();
    xs.forEach((x, i) => {
      const exact = 1 / (1 + Math.exp(-x));
      assert.ok(Math.abs(gates[i]! - exact) <= 2.5e-7 * exact + 1e-38, `σ(${x}) = ${gates[i]}, not ${exact}`);
    });
  });
});

Deno.test("a thread that dies is an error, not a hang", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  const { machine } = tf.backend() as StitchbookCPU;
  await machine.workers[0]!.terminate();
  const error = await device.failure;
  assert.match(error.message, /thread exited unexpectedly/);
  assert.throws(() => tf.fill([1_000_000], 1), /CPU backend cannot continue/);
  await device.close();
});

Deno.test("a device that is closed has waited for the ends of its threads", async () => {
  for (let i = 0; i < 3; i++) {
    const device = await openDevice("cpu", { threads: 3 });
    const codes: number[] = [];
    for (const worker of (tf.backend() as StitchbookCPU).machine.workers) worker.on("exit", (code) => codes.push(code));
    tf.matMul(tf.ones([64, 64]) as T2, tf.ones([64, 64]) as T2).dispose(); // some work that nobody has waited for
    await device.close();
    assert.deepEqual(codes, [0, 0], "they ended by themselves"); // 1 is that of a thread that was stopped
  }
});

Deno.test("idle threads take no processor time", async () => {
  const program = fileURLToPath(new URL("../idle.ts", import.meta.url));
  const { stdout, success } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", program] }).output();
  const milliseconds = Number(new TextDecoder().decode(stdout));
  assert.ok(success && milliseconds < 150, `${milliseconds} ms of 500`);
});

Deno.test("`STITCHBOOK_THREADS` is the default number of threads, and a mistake in it is named", async () => {
  const before = Deno.env.get("STITCHBOOK_THREADS");
  const threadsWith = async (text: string) => {
    Deno.env.set("STITCHBOOK_THREADS", text);
    await using device = await openDevice("cpu");
    return device.threads;
  };
  try {
    assert.equal(await threadsWith("3"), 3);
    assert.equal(await threadsWith(""), navigator.hardwareConcurrency);
    for (const text of ["0", "many", "1.5", "257"]) {
      await assert.rejects(threadsWith(text), {
        code: "device.threads",
        message: /STITCHBOOK_THREADS is ".*": expected/,
      });
    }
    await using device = await openDevice("cpu", { threads: 2 });
    assert.equal(device.threads, 2);
  } finally {
    if (before === undefined) Deno.env.delete("STITCHBOOK_THREADS");
    else Deno.env.set("STITCHBOOK_THREADS", before);
  }
});

Deno.test("`openDevice()` rejects invalid thread counts, and `describeDevices()` describes the machine", async () => {
  for (const threads of [0, -1, 1.5, NaN, 1000]) {
    await assert.rejects(openDevice("cpu", { threads }), { code: "device.threads" });
  }
  const { cores, simd } = await describeDevices();
  assert.ok(cores >= 1 && (simd === "relaxed" || simd === "simd"));
});

Deno.test("documents that are not one run are rejected", async () => {
  await withCpu(1, () => {
    const x = tf.ones([1, 4, 1, 2]) as tf.Tensor4D;
    const documents = tf.tensor2d([[1, 2, 1, 1]], [1, 4], "int32");
    assert.throws(() => causalAttention(x, x, x, documents), { code: "tensor.documents" });
    assert.throws(() => embedding(tf.ones([4, 2]), tf.tensor1d([0, 4], "int32")), { code: "tensor.index" });
  });
});

Deno.test("shapes and types that do not match are UserErrors that name the operation", async () => {
  await withCpu(1, () => {
    const ones = (...shape: number[]) => tf.ones(shape);
    const rejected: [string, () => unknown][] = [
      ["linear", () => linear(ones(2, 3), ones(4, 5))],
      ["linear", () => linear(ones(0, 3), ones(4, 3))],
      ["rmsNorm", () => rmsNorm(ones(2, 3), ones(4), 1e-5)],
      ["swiglu", () => swiglu(ones(2, 3), ones(3, 2))],
      ["crossEntropy", () => crossEntropy(ones(2, 3) as tf.Tensor2D, tf.tensor1d([1], "int32"))],
      ["rope", () => rope(ones(1, 2, 1, 4) as tf.Tensor4D, ropeTable(3, ropeFrequencies(4, 10)))],
      ["hubIntoExpert", () => hubIntoExpert(...[ones(2, 3), ones(2, 3), ones(2, 6)] as [T2, T2, T2])],
      ["expertsIntoHub", () => expertsIntoHub(ones(2, 3) as T2, [ones(2, 3) as T2], ones(2, 3) as T2)],
    ];
    for (const [name, call] of rejected) {
      assert.throws(
        call,
        (error) => error instanceof UserError && error.code === "tensor.shape" && error.message.startsWith(`${name}()`),
      );
    }
    const floats = tf.tensor1d([1, 0]);
    assert.throws(() => crossEntropy(ones(2, 3) as T2, floats), { code: "tensor.dtype" });
    assert.throws(() => linear(tf.ones([2, 3], "int32"), ones(4, 3)), { code: "tensor.dtype" });
  });
});

Deno.test("operations work on addresses above 2 GiB", async () => {
  await withCpu(2, () => {
    const { heap } = (tf.backend() as StitchbookCPU).machine;
    const block = heap.allocate(2.25 * 2 ** 30); // never touched, so it costs no memory
    for (const { inputs, trained, ours, reference } of cases.filter((_, i) => i % 6 === 1)) {
      const high = evaluate(inputs, trained, ours);
      const expected = evaluate(inputs, trained, reference);
      high.forEach((result, j) => assert.ok(distance(result, expected[j]!) < 2e-6));
    }
    heap.free(block);
  });
});
