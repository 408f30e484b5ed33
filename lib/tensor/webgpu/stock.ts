// Stock tfjs kernels that need workarounds on WebGPU.
import type * as tf from "@tensorflow/tfjs";
import { perElement, register, sizeOf, stockKernel } from "./kernel.ts";

/**
 * The stock cast of integers and booleans to float only relabels them, and stock kernels know what a buffer really holds.
 * Our kernels read floats, so this one converts.
 */
const stockCast = stockKernel("Cast");
register("Cast", (call) => {
  const { inputs: { x }, attrs: { dtype }, backend } = call;
  const size = sizeOf(x!.shape);
  const whole = x!.dtype === "int32" || x!.dtype === "bool";
  if (!whole || dtype !== "float32" || size === 0) return stockCast(call);
  const y = backend.output(x!.shape);
  perElement(backend, {
    key: "castToFloat",
    count: size,
    reads: { x: ["i32", x!] },
    writes: { y: ["f32", y] },
    body: () => "  y[i] = f32(x[i]);",
  });
  return y;
});

/**
 * The stock sum of a list binds one buffer per input, and past the device's limit writes nothing. This one adds up in
 * the list's order, as many at a time as the device binds.
 */
const stockAddN = stockKernel("AddN");
register("AddN", ({ inputs, attrs, backend }) => {
  const list = Object.values(inputs);
  const most = Math.max(2, backend.limits.maxStorageBuffersPerShaderStage - 1);
  let sum: tf.TensorInfo | undefined;
  for (let from = 0; from < list.length;) {
    const some = list.slice(from, from + most - (sum === undefined ? 0 : 1));
    const before = sum;
    sum = stockAddN({ inputs: [...(before ? [before] : []), ...some] as never, attrs, backend }) as tf.TensorInfo;
    if (before !== undefined) backend.release(before);
    from += some.length;
  }
  return sum!;
});
