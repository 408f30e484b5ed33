// Which kernels a computation runs, whoever starts them.
import * as tf from "@tensorflow/tfjs";

/** Runs `f`; `ran` is told of each kernel of the current backend, and its inputs, when it has run. */
export function watchKernels(f: () => void, ran: (name: string, inputs: tf.NamedTensorInfoMap) => void): void {
  const kernels = tf.getKernelsForBackend(tf.getBackend());
  const own = kernels.map(({ kernelFunc }) => kernelFunc);
  kernels.forEach((kernel, i) => {
    kernel.kernelFunc = (call) => {
      const made = own[i]!(call);
      ran(kernel.kernelName, call.inputs);
      return made;
    };
  });
  try {
    f();
  } finally {
    kernels.forEach((kernel, i) => kernel.kernelFunc = own[i]!);
  }
}
