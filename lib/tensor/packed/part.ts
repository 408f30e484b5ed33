// One model's weight out of a stack of several models' weights.
import * as tf from "@tensorflow/tfjs";
import { kept } from "../kernels.ts";
import { halfFormat, isHalf, markBfloat16 } from "../ops/half.ts";
import { markPart, packedMatrix } from "../ops/packed.ts";

/**
 * The weight of one model of a stack. It shares the words of a packed stack; of others it is a copy. No scope disposes it.
 *
 * @param stack `[models, …]`, which must outlive it
 * @param model from 0
 */
export function stackPart(stack: tf.Tensor, model: number): tf.Tensor {
  const matrix = packedMatrix(stack);
  const shape = stack.shape.slice(1);
  if (matrix !== undefined) {
    const { format, shape: [, ...own] } = matrix;
    return markPart(kept({ dataId: stack.dataId, dtype: stack.dtype, shape }), { format, shape: own, part: model });
  }
  const zeros = shape.map(() => 0);
  const part = tf.tidy(() => tf.keep(tf.slice(stack, [model, ...zeros], [1, ...shape]).reshape(shape)));
  return isHalf(stack) && halfFormat(stack).bfloat16 ? markBfloat16(part) : part;
}
