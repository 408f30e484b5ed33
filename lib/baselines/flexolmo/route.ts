// How FlexOlmo routes tokens: gates from the softmax over all models, of which a token uses the largest few.
import * as tf from "@tensorflow/tfjs";
import type { Routes } from "../mixture/route.ts";

/** Subtracted from the logit of a model that is chosen already. */
const CHOSEN = 1e9;

/**
 * The k models with the largest logits, with gates `softmax(z)` over all models: they sum to less than 1.
 *
 * @param z float32 `[N, models]`
 * @param k less than the number of models
 */
export function routeToBest(z: tf.Tensor2D, k: number): Routes {
  const probabilities = tf.softmax(z);
  const chosen: tf.Tensor1D[] = [];
  let masks = tf.zerosLike(z);
  for (let i = 0; i < k; i++) {
    const best = tf.argMax(tf.sub(z, tf.mul(masks, CHOSEN)), 1) as tf.Tensor1D;
    chosen.push(best);
    masks = tf.add(masks, tf.oneHot(best, z.shape[1], 1, 0, "float32"));
  }
  return { gates: tf.mul(probabilities, masks) as tf.Tensor2D, probabilities, chosen };
}
