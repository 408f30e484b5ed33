// Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): the tape saves only the inputs, and the backward pass
// recomputes the rest.
import type * as tf from "@tensorflow/tfjs";
import { gradientsBeside } from "../gradients.ts";
import { composed, sharedGradients } from "../kernels.ts";

/**
 * `f(x, constants)`, saving only `x` and `constants` for the gradient. Values and gradients are those of `f` itself, bit
 * for bit where operations are deterministic.
 *
 * @param f a pure function of its arguments and of `variables`
 * @param x has a gradient
 * @param variables that `f` reads and that have gradients; nothing else that it reads has one
 * @param constants other tensors that `f` reads and that may be disposed before the backward pass
 */
export function recompute<T extends tf.Tensor>(
  f: (x: T, constants: readonly tf.Tensor[]) => T,
  x: T,
  variables: readonly tf.Variable[],
  constants: readonly tf.Tensor[],
): T {
  return composed({ x, ...Object.fromEntries(variables.entries()) }, (save) => {
    save([x, ...constants]);
    return f(x, constants);
  }, (dy, saved) => {
    const [x, ...constants] = saved as [T, ...tf.Tensor[]];
    const gradient = sharedGradients(() => gradientsBeside(() => f(x, constants), [x, ...variables], dy));
    return {
      x: gradient(0),
      ...Object.fromEntries(variables.map((_, i) => [i, gradient(i + 1)])),
    };
  });
}
