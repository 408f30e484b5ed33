// The negative log-likelihood of each target token, from logits.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkTensors, hasKernel, hostValues, refuseShapes, registerGradient, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ logits: [N, vocab], targets: int32 [N] }`, output `[N]`. */
export const CROSS_ENTROPY = "StitchbookCrossEntropy";
/**
 * Its gradient's kernel: inputs `{ logits, targets, loss, dy: [N] }`, output like `logits`; `loss` is the forward kernel's
 * own output. With the attribute `inPlace`, it may be written over the logits unless another tensor shares their values.
 */
export const CROSS_ENTROPY_GRAD = "StitchbookCrossEntropyGrad";

/**
 * `logsumexp(logits) − logits[target]` for each row, in nats; 0, and no gradient, where the target is negative.
 *
 * @param logits float32 `[N, vocab]`
 * @param targets int32 `[N]`, below `vocab`; see {@linkcode checkTargets}
 * @returns float32 `[N]`
 * @throws UserError `tensor.shape`, `tensor.index`
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { crossEntropy, openDevice } from "@stitchbook/stitchbook/tensor";
 * import assert from "node:assert/strict";
 *
 * await using _device = await openDevice("reference");
 * const losses = crossEntropy(tf.zeros([2, 10]), tf.tensor1d([3, -1], "int32"));
 * const [scored, ignored] = await losses.data();
 * assert.ok(Math.abs(scored! - Math.log(10)) < 1e-6);
 * assert.equal(ignored, 0);
 * ```
 */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  checkTensors("crossEntropy", { logits, targets }, { targets: "int32" });
  if (logits.rank !== 2 || targets.rank !== 1 || targets.size !== logits.shape[0]) {
    refuseShapes("crossEntropy", { logits, targets }, "there must be one target for each row of logits");
  }
  checkTargets("crossEntropy", targets, logits.shape[1]);
  return hasKernel(CROSS_ENTROPY)
    ? runKernel(CROSS_ENTROPY, { logits, targets })
    : crossEntropyReference(logits, targets);
}

/**
 * Refuses targets outside of the vocabulary if JavaScript still has their values, as with a new batch: reading them back
 * would stall the device. Targets computed on the device, or used before, are not checked; for one that is too large the
 * loss is `logsumexp(logits)` and the gradient the softmax.
 *
 * @throws UserError `tensor.index`
 */
export function checkTargets(operation: string, targets: tf.Tensor1D, vocab: number): void {
  const values = hostValues(targets);
  for (let i = 0; i < (values?.length ?? 0); i++) {
    if (values![i]! < vocab) continue;
    throw new UserError(
      "tensor.index",
      `${operation}() needs targets below ${vocab}, but target ${i} is ${values![i]}`,
      "Use a negative target for a position that does not count",
    );
  }
}

/** The stock composition. */
export function crossEntropyReference(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  // selected rather than multiplied by 0 and 1, so that an infinite logit elsewhere does not become NaN
  const isTarget = targetPlaces(targets, logits.shape[1]);
  const right = tf.sum(tf.where(isTarget, logits, tf.zerosLike(logits)), -1);
  const losses = tf.sub(tf.logSumExp(logits, -1), right);
  return tf.where(tf.greaterEqual(targets, 0), losses, tf.zerosLike(losses)) as tf.Tensor1D;
}

/**
 * The gradient with respect to the logits. They are disposed, and nothing is taped: it takes their place in memory where
 * the backend can do that.
 *
 * @param loss the tensor that {@linkcode crossEntropy} returned for them
 * @param dy float32 `[N]`
 */
export function crossEntropyGradient(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  loss: tf.Tensor1D,
  dy: tf.Tensor1D,
): tf.Tensor2D {
  const gradient = hasKernel(CROSS_ENTROPY_GRAD)
    ? runKernel<tf.Tensor2D>(CROSS_ENTROPY_GRAD, { logits, targets, loss, dy }, { inPlace: true })
    : gradientReference(logits, targets, dy);
  logits.dispose();
  return gradient;
}

/** The stock composition of the gradient. */
function gradientReference(logits: tf.Tensor2D, targets: tf.Tensor1D, dy: tf.Tensor1D): tf.Tensor2D {
  const [rows, vocab] = logits.shape;
  const counted = tf.mul(dy, tf.cast(tf.greaterEqual(targets, 0), "float32")).reshape([rows, 1]);
  return tf.mul(tf.sub(tf.softmax(logits), tf.cast(targetPlaces(targets, vocab), "float32")), counted);
}

/** One-hot targets, bool `[N, vocab]`; all false where a target is negative. (tfjs's `oneHot` needs two classes.) */
function targetPlaces(targets: tf.Tensor1D, vocab: number): tf.Tensor {
  return tf.equal(targets.reshape([-1, 1]), tf.range(0, vocab, 1, "int32").reshape([1, vocab]));
}

registerGradient(CROSS_ENTROPY, ["logits", "targets"], (dy, [logits, targets, loss]) => ({
  logits: () => runKernel(CROSS_ENTROPY_GRAD, { logits, targets, loss, dy }),
}), { keepsOutput: true });
