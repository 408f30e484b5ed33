// What no operation takes, on any backend: disposed tensors, other types, nothing at all. The error names the operation.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  adamW,
  addLinear,
  causalAttention,
  crossEntropy,
  type DeviceName,
  type DeviceOptions,
  dropout,
  embedding,
  linearCrossEntropy,
  linears,
  meanLinearCrossEntropy,
  openDevice,
  rope,
  ropeFrequencies,
  ropeTable,
  variableGradients,
} from "../../lib/tensor/mod.ts";
import type { StitchbookCPU } from "../../lib/tensor/cpu/mod.ts";
import { checkTargets } from "../../lib/tensor/ops/cross-entropy.ts";
import { deviceTest } from "../backends.ts";
import { cases } from "./cases.ts";
import type { Case, Values } from "./support.ts";

/** One case of each operation of ours. */
const firsts = new Map<string, Case>();
for (const one of cases) {
  const operation = one.name.split(" ")[0]!;
  if (operation !== "stock" && operation !== "matMul" && !firsts.has(operation)) firsts.set(operation, one);
}

function tensorOf({ data, shape }: Values): tf.Tensor {
  return tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

function refuses(operation: string, code: string, f: () => unknown): void {
  assert.throws(
    f,
    (error) => error instanceof UserError && error.code === code && error.message.startsWith(`${operation}() `),
    `${operation} ${code}`,
  );
}

deviceTest("every operation refuses a disposed tensor, a wrong type and an empty batch, naming itself", () => {
  assert.ok(firsts.size >= 12, [...firsts.keys()].join());
  for (const [operation, { inputs, ours }] of firsts) {
    inputs.forEach((_, index) => {
      const withOther = (make: (tensor: tf.Tensor) => tf.Tensor) => () =>
        ours(inputs.map((values, i) => i === index ? make(tensorOf(values)) : tensorOf(values)));
      refuses(
        operation,
        "tensor.disposed",
        withOther((tensor) => {
          tensor.dispose();
          return tensor;
        }),
      );
      refuses(operation, "tensor.dtype", withOther((tensor) => tf.cast(tensor, "bool")));
      refuses(operation, "tensor.shape", withOther(({ shape, dtype }) => tf.zeros([0, ...shape.slice(1)], dtype)));
    });
  }
});

deviceTest("`adamW()` refuses a disposed tensor and a wrong type, naming itself", () => {
  const make = () => tf.variable(tf.ones([3]));
  const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step: 1 };
  const update = (gradient: tf.Tensor) => () =>
    adamW([{ parameter: make(), m: make(), v: make(), decay: 0 }], [gradient], settings);
  const gone = tf.ones([3]);
  gone.dispose();
  refuses("adamW", "tensor.disposed", update(gone));
  refuses("adamW", "tensor.dtype", update(tf.ones([3], "int32")));
  refuses("adamW", "tensor.shape", update(tf.ones([0])));
});

deviceTest("operations refuse tensors of another rank, which a kernel would read wrongly", () => {
  const ones = (...shape: number[]) => tf.ones(shape);
  const five = ones(1, 2, 3, 4, 2) as unknown as tf.Tensor4D;
  refuses("causalAttention", "tensor.shape", () => causalAttention(five, five, five));
  const three = ones(1, 2, 3) as unknown as tf.Tensor4D;
  refuses("causalAttention", "tensor.shape", () => causalAttention(three, three, three));
  const ids = tf.tensor1d([0, 1], "int32");
  for (const table of [ones(5, 2, 2), ones(5)]) {
    refuses("embedding", "tensor.shape", () => embedding(table as tf.Tensor2D, ids));
  }
  refuses(
    "rope",
    "tensor.shape",
    () => rope(ones(2, 4, 2, 8, 3) as unknown as tf.Tensor4D, ropeTable(4, ropeFrequencies(8, 1e4))),
  );
  refuses("linears", "tensor.shape", () => linears(ones(2, 4), []));
});

deviceTest("`addLinear()` refuses shapes that do not fit, whatever the weights' precision", () => {
  const ones = (...shape: number[]) => tf.ones(shape);
  const half = (...shape: number[]) => tf.zeros(shape, "int32"); // the last size is half of what it stands for
  for (const w of [ones(4, 8), half(4, 4)]) {
    assert.deepEqual(addLinear(ones(3, 4), ones(3, 8), w).shape, [3, 4]);
    for (const h of [[1, 4], [4], [3, 1], [4, 3], [6, 4]]) {
      refuses("addLinear", "tensor.shape", () => addLinear(ones(...h), ones(3, 8), w));
    }
    refuses("addLinear", "tensor.shape", () => addLinear(ones(3, 4), ones(3, 7), w));
  }
  for (const w of [ones(2, 4, 8), half(2, 4, 4)]) {
    assert.deepEqual(addLinear(ones(6, 4), ones(6, 8), w).shape, [6, 4]);
    refuses("addLinear", "tensor.shape", () => addLinear(ones(3, 4), ones(3, 8), w));
  }
  for (const w of [ones(1, 2, 4, 8), half(1, 2, 4, 4), ones(8), half(4)]) {
    refuses("addLinear", "tensor.shape", () => addLinear(ones(2, 4), ones(2, 8), w));
  }
});

deviceTest("`linears()` refuses weights of other widths and of other numbers of models", () => {
  const ones = (...shape: number[]) => tf.ones(shape);
  const half = (...shape: number[]) => tf.zeros(shape, "int32");
  assert.deepEqual(linears(ones(6, 8), [ones(4, 8), half(5, 4)]).map(({ shape }) => shape), [[6, 4], [6, 5]]);
  const wrong = [
    [ones(4, 8), ones(4, 7)],
    [ones(4, 8), half(4, 8)],
    [ones(2, 4, 8), ones(3, 4, 8)],
    [half(2, 4, 4), half(3, 4, 4)],
    [ones(4, 8), ones(2, 4, 8)],
    [ones(4, 4, 8)], // 6 rows for 4 models
    [ones(1, 2, 4, 8)],
    [half(1, 2, 4, 4)],
    [ones(8)],
  ];
  for (const weights of wrong) refuses("linears", "tensor.shape", () => linears(ones(6, 8), weights));
});

deviceTest("`dropout()` refuses a rate that is no probability", () => {
  for (const rate of [-1, -1e-9, 1.5, NaN, Infinity]) {
    refuses("dropout", "tensor.rate", () => dropout(tf.ones([8]), rate, 1));
  }
  assert.deepEqual([...dropout(tf.ones([3]), 1, 1).dataSync()], [0, 0, 0]);
});

deviceTest("losses refuse targets that are no row of the vocabulary", () => {
  const x = tf.ones([2, 4]) as tf.Tensor2D;
  const half = tf.zeros([4, 2], "int32") as tf.Tensor2D;
  for (const target of [4, 9, 2 ** 30]) {
    const targets = () => tf.tensor1d([-1, target], "int32");
    refuses("crossEntropy", "tensor.index", () => crossEntropy(x, targets()));
    for (const w of [x.concat(x), half] as tf.Tensor2D[]) {
      refuses("linearCrossEntropy", "tensor.index", () => linearCrossEntropy(x, w, targets()));
      refuses("meanLinearCrossEntropy", "tensor.index", () => meanLinearCrossEntropy(x, w, targets()));
    }
  }
  const many = tf.tensor1d(new Int32Array(600).fill(3).with(599, 4), "int32"); // several chunks
  refuses(
    "meanLinearCrossEntropy",
    "tensor.index",
    () => meanLinearCrossEntropy(tf.ones([600, 4]), x.concat(x) as tf.Tensor2D, many),
  );
});

Deno.test("checking targets waits for nothing, so that those that are on the device already are not checked", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const { machine } = tf.backend() as StitchbookCPU;
  const [fresh, used] = [tf.tensor1d([1, -1], "int32"), tf.tensor1d([1, 3], "int32")];
  crossEntropy(tf.ones([2, 4]), used);
  tf.add(tf.ones([300]), tf.ones([300])); // a job
  const waits = () => assert.fail("the check waits for jobs");
  const { finish, view } = machine;
  Object.assign(machine, { finish: waits, view: waits });
  checkTargets("crossEntropy", fresh, 4);
  checkTargets("crossEntropy", used, 2);
  Object.assign(machine, { finish, view });
  await device.close();
});

deviceTest("`variableGradients()` refuses a function that gives no scalar", () => {
  const x = tf.variable(tf.ones([3]));
  refuses(
    "variableGradients",
    "tensor.shape",
    () => variableGradients(() => tf.square(x) as unknown as tf.Scalar, [x]),
  );
  refuses("variableGradients", "tensor.shape", () => variableGradients(() => 3 as unknown as tf.Scalar, [x]));
});

Deno.test("a device is refused by its name, and an option by its value, before the open one is closed", async () => {
  const open = await openDevice("cpu", { threads: 1 });
  const refused = async (name: string, options: Readonly<Record<string, unknown>>, code: string) =>
    await assert.rejects(
      openDevice(name as DeviceName, options as DeviceOptions),
      (error) => error instanceof UserError && error.code === code,
      `${name} ${JSON.stringify(options)}`,
    );
  await refused("gpu", {}, "device.name");
  await refused("cpu", { products: "cuda" }, "device.products");
  for (const memoryLimit of [NaN, -5, 0, 1000]) await refused("cpu", { memoryLimit }, "device.memory");
  for (const threads of [0, 1.5, 999]) await refused("cpu", { threads }, "device.threads");
  assert.equal(tf.add(tf.scalar(1), tf.scalar(2)).dataSync()[0], 3);
  await open.close();
});

Deno.test("a BLAS that is named and cannot be opened is refused", async () => {
  const before = Deno.env.get("STITCHBOOK_BLAS");
  Deno.env.set("STITCHBOOK_BLAS", "/no/such/library.so");
  try {
    await assert.rejects(openDevice("cpu"), (error) => error instanceof UserError && error.code === "device.blas");
  } finally {
    if (before === undefined) Deno.env.delete("STITCHBOOK_BLAS");
    else Deno.env.set("STITCHBOOK_BLAS", before);
  }
});
