// AdamW's state: two moments per parameter, and which parameters decay.
import * as tf from "@tensorflow/tfjs";
import { adamW, type AdamWSlot } from "../tensor/mod.ts";
import type { TrainConfig } from "./config.ts";

/** Trained parameters with their moments. */
export interface Optimizer {
  readonly slots: readonly AdamWSlot[];
  /** Names of the parameters, in the order of the slots. */
  readonly names: readonly string[];
  /** Updates every parameter in place and returns the global gradient norm before clipping. */
  update(gradients: readonly tf.Tensor[], learningRate: number, step: number): tf.Scalar;
  dispose(): void;
}

/**
 * AdamW for these parameters. Weight decay applies to matrices only.
 *
 * @param exempt names of matrices without weight decay
 */
export function createOptimizer(
  parameters: Readonly<Record<string, tf.Variable>>,
  config: TrainConfig,
  exempt: ReadonlySet<string> = new Set(),
): Optimizer {
  const zeros = (parameter: tf.Variable) => tf.tidy(() => tf.variable(tf.zeros(parameter.shape)));
  const slots = Object.entries(parameters).map(([name, parameter]) => ({
    parameter,
    m: zeros(parameter),
    v: zeros(parameter),
    decay: parameter.rank < 2 || exempt.has(name) ? 0 : config.weightDecay,
  }));
  return {
    slots,
    names: Object.keys(parameters),
    update: (gradients, learningRate, step) => adamW(slots, gradients, { ...config, learningRate, step }),
    dispose() {
      for (const { m, v } of slots) tf.dispose([m, v]);
    },
  };
}
