// The learning rate schedule: linear warm-up, then cosine decay to a floor (arXiv 1608.03983).
import type { TrainConfig } from "./config.ts";

/**
 * The learning rate of a step, counted from 1: a linear rise to the peak at step `warmup`, then cosine decay to
 * `floor · lr` at the last step.
 *
 * @example
 * ```ts
 * import { learningRate, trainConfigSchema } from "@stitchbook/stitchbook/train";
 * import assert from "node:assert/strict";
 *
 * const config = trainConfigSchema.parse({ steps: 100, warmup: 10, lr: 0.001, floor: 0.1 });
 * assert.equal(learningRate(config, 5), 0.0005);
 * assert.equal(learningRate(config, 10), 0.001);
 * assert.ok(Math.abs(learningRate(config, 100) - 0.0001) < 1e-12);
 * ```
 */
export function learningRate({ steps, lr, warmup, floor }: TrainConfig, step: number): number {
  const rise = Math.min(warmup, steps);
  if (step <= rise) return lr * step / rise;
  const progress = steps === rise ? 1 : (step - rise) / (steps - rise);
  return lr * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
