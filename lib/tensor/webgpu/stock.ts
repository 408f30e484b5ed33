// Stock tfjs kernels that need help on WebGPU.
import type * as tf from "@tensorflow/tfjs";
import { register, stockKernel } from "./kernel.ts";

/**
 * The stock sum of a list binds one buffer an input, and past the device's limit writes nothing; ours adds up in the
 * list's order, as many at a time as the device binds.
 */
export function registerStock(): void {
  const stock = stockKernel("AddN");
  register("AddN", ({ inputs, attrs, backend }) => {
    const list = Object.values(inputs);
    const most = Math.max(2, backend.limits.maxStorageBuffersPerShaderStage - 1);
    let sum: tf.TensorInfo | undefined;
    for (let from = 0; from < list.length;) {
      const some = list.slice(from, from + most - (sum === undefined ? 0 : 1));
      const before = sum;
      sum = stock({ inputs: [...(before ? [before] : []), ...some] as never, attrs, backend }) as tf.TensorInfo;
      if (before !== undefined) backend.release(before);
      from += some.length;
    }
    return sum!;
  });
}
