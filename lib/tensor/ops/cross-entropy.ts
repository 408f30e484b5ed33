// The negative log-likelihood of each next token, from logits.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkTensors, hasKernel, hostValues, refuseShapes, runKernel } from "../kernels.ts";

/** Name of the fused kernel: inputs `{ logits: [N, vocab], targets: int32 [N] }`, output `[N]`. */
export const CROSS_ENTROPY = "StitchbookCrossEntropy";
/** Its gradient's kernel: inputs `{ logits, targets, loss, dy: [N] }`, output like `logits`; `loss` is the output itself. */
export const CROSS_ENTROPY_GRAD = "StitchbookCrossEntropyGrad";

/**
 * `logsumexp(logits) − logits[target]` for each row, in nats; 0, and no gradient, where the target is negative.
 *
 * @param logits float32 `[N, vocab]`
 * @param targets int32 `[N]`, below `vocab`; {@linkcode checkTargets} says when that is checked
 * @returns float32 `[N]`
 * @throws UserError `tensor.shape`, `tensor.index`
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
 * Refuses targets that are no row of the vocabulary, while their values are still on this side, as a batch's are when it
 * is first used: to read them back would stop the device. One that is made on the device, or was used before, is not
 * checked; where it is too large, its loss is `logsumexp(logits)` and its gradient the softmax.
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
      "A target that does not count is negative",
    );
  }
}

/** The stock composition. */
export function crossEntropyReference(logits: tf.Tensor2D, targets: tf.Tensor1D): tf.Tensor1D {
  // Chosen, not multiplied by 0 and 1: an infinite logit beside the target's is no NaN.
  const isTarget = targetPlaces(targets, logits.shape[1]);
  const right = tf.sum(tf.where(isTarget, logits, tf.zerosLike(logits)), -1);
  const losses = tf.sub(tf.logSumExp(logits, -1), right);
  return tf.where(tf.greaterEqual(targets, 0), losses, tf.zerosLike(losses)) as tf.Tensor1D;
}

/**
 * The gradient of the logits.
 *
 * @param loss what {@linkcode crossEntropy} gave for them, itself
 * @param dy float32 `[N]`
 */
export function crossEntropyGradient(
  logits: tf.Tensor2D,
  targets: tf.Tensor1D,
  loss: tf.Tensor1D,
  dy: tf.Tensor1D,
): tf.Tensor2D {
  if (hasKernel(CROSS_ENTROPY_GRAD)) return runKernel(CROSS_ENTROPY_GRAD, { logits, targets, loss, dy });
  const [rows, vocab] = logits.shape;
  const counted = tf.mul(dy, tf.cast(tf.greaterEqual(targets, 0), "float32")).reshape([rows, 1]);
  return tf.mul(tf.sub(tf.softmax(logits), tf.cast(targetPlaces(targets, vocab), "float32")), counted);
}

/** Where each row's target is, bool `[N, vocab]`; nowhere if it is negative. (tfjs's `oneHot` wants at least two.) */
function targetPlaces(targets: tf.Tensor1D, vocab: number): tf.Tensor {
  return tf.equal(targets.reshape([-1, 1]), tf.range(0, vocab, 1, "int32").reshape([1, vocab]));
}

tf.registerGradient({
  kernelName: CROSS_ENTROPY,
  inputsToSave: ["logits", "targets"],
  outputsToSave: [true],
  gradFunc: (dy, saved) => {
    const [logits, targets, loss] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { logits: () => runKernel(CROSS_ENTROPY_GRAD, { logits, targets, loss, dy: dy as tf.Tensor }) };
  },
});
