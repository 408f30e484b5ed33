// Dropout whose mask is a pure function of (seed, index): the same on every backend and for any number of threads.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { checkTensors, hasKernel, registerGradient, runKernel } from "../kernels.ts";

/** Name of the fused kernel: input `{ x }`, attributes `rate` and `seed` (uint32), output like `x`. */
export const DROPOUT = "StitchbookDropout";

/**
 * Zeroes each element with probability `rate` and scales the rest by 1 / (1 − rate).
 *
 * @param rate from 0 to 1
 * @throws UserError `tensor.rate`
 */
export function dropout(x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  checkTensors("dropout", { x });
  if (!(rate >= 0 && rate <= 1)) {
    throw new UserError("tensor.rate", `dropout() needs a rate from 0 to 1, the fraction that it drops, not ${rate}`);
  }
  if (rate === 0) return x;
  return hasKernel(DROPOUT) ? runKernel(DROPOUT, { x }, { rate, seed }) : dropoutReference(x, rate, seed);
}

/** The stock composition: `x` times a mask computed here. */
export function dropoutReference(x: tf.Tensor, rate: number, seed: number): tf.Tensor {
  const mask = new Float32Array(x.size);
  const threshold = dropoutThreshold(rate);
  for (let i = 0; i < mask.length; i++) mask[i] = dropoutHash(seed, i) >= threshold ? 1 / (1 - rate) : 0;
  return tf.mul(x, tf.tensor(mask, x.shape));
}

/** Elements whose hash is below this are dropped. */
export function dropoutThreshold(rate: number): number {
  return Math.round(rate * 2 ** 32);
}

/** A uniform uint32 for element `index` under `seed`: Murmur3's finalizer applied twice. */
function dropoutHash(seed: number, index: number): number {
  return mix(mix(index + 1) ^ (seed >>> 0));
}

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

registerGradient(DROPOUT, [], (dy, _, attrs) => ({ x: () => runKernel(DROPOUT, { x: dy }, attrs) }));
