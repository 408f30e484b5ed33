// AdamW (arXiv 1711.05101: decoupled weight decay) with clipping by the global norm, for all parameters at once.
import * as tf from "@tensorflow/tfjs";
import { checkTensors, hasKernel, refuseShapes, runKernel, sameShape } from "../kernels.ts";

/**
 * Name of the in-place kernel: inputs `{ p0, g0, m0, v0, p1, … }`, attributes {@linkcode AdamWSettings} with
 * `decay: number[]`; it overwrites p, m and v and returns the global norm of the gradients, a scalar.
 */
export const ADAM_W = "StitchbookAdamW";

/** One trained parameter with its moments. */
export interface AdamWSlot {
  readonly parameter: tf.Variable;
  readonly m: tf.Variable;
  readonly v: tf.Variable;
  /** Decoupled weight decay of this parameter; 0 for norms. */
  readonly decay: number;
}

export interface AdamWSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Largest global norm of the gradients; Infinity for no clipping. */
  readonly clipNorm: number;
  /**
   * Largest RMS of one parameter's update ratio u = m̂ / (√v̂ + ε): a larger u is scaled down to it (Adafactor's update
   * clipping, arXiv 1804.04235, §6). Absent: updates are not clipped.
   */
  readonly clipUpdate?: number;
  /** 1 at the first update. */
  readonly step: number;
}

/**
 * One update of all parameters, in place.
 *
 * @param gradients one per slot, of its parameter's shape
 * @returns the global norm of the gradients before clipping, a float32 scalar (the caller disposes it)
 */
export function adamW(
  slots: readonly AdamWSlot[],
  gradients: readonly tf.Tensor[],
  settings: AdamWSettings,
): tf.Scalar {
  slots.forEach(({ parameter, m, v }, i) => {
    const gradient = gradients[i];
    if (gradient === undefined || !sameShape(parameter, gradient, m, v)) {
      const inputs = { parameter, ...(gradient === undefined ? {} : { gradient }), m, v };
      refuseShapes("adamW", inputs, `slot ${i} needs a gradient and moments of its parameter's shape`);
    }
    checkTensors("adamW", { parameter, gradient, m, v });
  });
  if (!hasKernel(ADAM_W)) return adamWReference(slots, gradients, settings);
  const inputs: Record<string, tf.Tensor> = {};
  slots.forEach(({ parameter, m, v }, i) => {
    Object.assign(inputs, { [`p${i}`]: parameter, [`g${i}`]: gradients[i]!, [`m${i}`]: m, [`v${i}`]: v });
  });
  return tf.tidy(() => runKernel<tf.Scalar>(ADAM_W, inputs, { ...settings, decay: slots.map((slot) => slot.decay) }));
}

/** The stock composition. */
function adamWReference(
  slots: readonly AdamWSlot[],
  gradients: readonly tf.Tensor[],
  { learningRate, beta1, beta2, epsilon, clipNorm, clipUpdate, step }: AdamWSettings,
): tf.Scalar {
  return tf.tidy(() => {
    // Not `addN`: on WebGPU it binds one buffer per input, and past the adapter's limit it silently writes nothing.
    const squares = gradients.map((g) => tf.sum(tf.square(g)));
    const norm = tf.sqrt(squares.reduce((a, b) => tf.add(a, b), tf.scalar(0))) as tf.Scalar;
    const scale = Number.isFinite(clipNorm) ? tf.minimum(1, tf.div(clipNorm, tf.add(norm, 1e-6))) : tf.scalar(1);
    const correction1 = 1 - beta1 ** step;
    const correction2 = 1 - beta2 ** step;
    slots.forEach(({ parameter, m, v, decay }, i) => {
      const g = tf.mul(gradients[i]!, scale);
      m.assign(tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1)));
      v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2)));
      const ratio = tf.div(tf.div(m, correction1), tf.add(tf.sqrt(tf.div(v, correction2)), epsilon));
      const update = clipUpdate === undefined ? ratio : tf.mul(ratio, tf.minimum(1, tf.div(clipUpdate, rmsOf(ratio))));
      parameter.assign(tf.sub(tf.mul(parameter, 1 - learningRate * decay), tf.mul(update, learningRate)));
    });
    return norm;
  });
}

/** RMS of a tensor's values, at least 1e-30 so that it can be a divisor. */
function rmsOf(x: tf.Tensor): tf.Tensor {
  return tf.maximum(tf.sqrt(tf.mean(tf.square(x))), 1e-30);
}
