// Activation checkpointing (Chen et al. 2016, arXiv 1604.06174): the tape keeps what goes in, and the backward pass
// computes again what it needs of what happens inside.
import type * as tf from "@tensorflow/tfjs";
import { gradientsBeside } from "../gradients.ts";
import { composed, sharedGradients } from "../kernels.ts";

/**
 * `f(x, constants)`, of which only `x` and `constants` are kept for the gradient. Its values and gradients are those of
 * `f` itself, bit for bit where operations repeat their bytes.
 *
 * @param f a pure function of its arguments and of `variables`
 * @param x gets a gradient
 * @param variables that `f` reads and that get gradients; whatever else it reads gets none
 * @param constants other tensors that `f` reads and that may be gone by the time of the backward pass
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
