// What no operation takes, on any backend: disposed tensors, other types, nothing at all. The error names the operation.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { adamW } from "../../lib/tensor/mod.ts";
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
