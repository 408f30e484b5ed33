// Where a block branches off a residual stream: the stream continues, and its norm enters the block. It is one operation,
// so that the two gradients are added in one pass.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, runKernel } from "../kernels.ts";
import { RMS_NORM_GRAD_W, rmsNorm } from "./rms-norm.ts";

/**
 * Name of the fused kernel: inputs `{ x: [..., d], w }`, attribute `epsilon`, outputs x's norm and x itself; `w` is `[d]`,
 * or `[models, d]` where x's rows are ordered by model.
 */
export const NORM_BRANCH = "StitchbookNormBranch";
/** Its gradient's kernel: inputs `{ x, w, dnormed, dx }` (`dx` is the second output's gradient), output like x. */
export const NORM_BRANCH_GRAD = "StitchbookNormBranchGrad";

/**
 * The norm of a stream, and the stream itself: using the second result in place of `x` saves a separate sum of
 * gradients.
 *
 * @param x float32 `[..., d]`
 * @param w as {@linkcode rmsNorm} takes it: `[d]`, or a stack `[models, d]`
 * @returns `[rmsNorm(x, w, epsilon), x]`
 */
export function normBranch<T extends tf.Tensor>(x: T, w: tf.Tensor, epsilon: number): [T, T] {
  checkTensors("normBranch", { x, w });
  const d = x.shape.at(-1)!;
  const fits = w.rank <= 2 && w.shape.at(-1) === d && x.size / d % (w.size / d) === 0;
  if (!fits || !hasKernel(NORM_BRANCH)) return [rmsNorm(x, w, epsilon) as T, x];
  return runKernel<[T, T]>(NORM_BRANCH, { x, w }, { epsilon });
}

tf.registerGradient({
  kernelName: NORM_BRANCH,
  inputsToSave: ["x", "w"],
  gradFunc: (dys, saved, attrs) => {
    const [x, w] = saved as [tf.Tensor, tf.Tensor];
    const [dnormed, dx] = dys as unknown as [tf.Tensor, tf.Tensor];
    return {
      x: () => runKernel(NORM_BRANCH_GRAD, { x, w, dnormed, dx }, attrs),
      w: () => runKernel(RMS_NORM_GRAD_W, { x, w, dy: dnormed }, attrs),
    };
  },
});
