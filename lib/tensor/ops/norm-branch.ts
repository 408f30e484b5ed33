// Where a residual stream branches off into a block: the stream goes on, and its norm goes into the block. One operation,
// so that the two gradients meet in one pass.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, runKernel } from "../kernels.ts";
import { RMS_NORM_GRAD_W, rmsNorm } from "./rms-norm.ts";

/** Name of the fused kernel: inputs `{ x: [rows, d], w: [d] }`, attribute `epsilon`, outputs x's norm and x itself. */
export const NORM_BRANCH = "StitchbookNormBranch";
/** Its gradient's kernel: inputs `{ x, w, dnormed, dx }` (`dx` that of the second output), output like x. */
export const NORM_BRANCH_GRAD = "StitchbookNormBranchGrad";

/**
 * The norm of a stream, and the stream for what follows: what uses the second result in place of `x` spares a sum of
 * gradients.
 *
 * @param x float32 `[..., d]`
 * @param w float32 `[d]`
 * @returns `[rmsNorm(x, w, epsilon), x]`
 */
export function normBranch<T extends tf.Tensor>(x: T, w: tf.Tensor, epsilon: number): [T, T] {
  checkTensors("normBranch", { x, w });
  const d = x.shape.at(-1)!;
  if (w.rank !== 1 || w.size !== d || !hasKernel(NORM_BRANCH)) return [rmsNorm(x, w, epsilon) as T, x];
  const outputs = runKernel<tf.Tensor[]>(NORM_BRANCH, { x: x.reshape([-1, d]), w }, { epsilon });
  return outputs.map((y) => y.reshape(x.shape)) as [T, T];
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
