// The learning rate schedule: linear warm-up, then cosine decay to a floor (arXiv 1608.03983).
import type { TrainConfig } from "./config.ts";

/**
 * The learning rate of a step, counted from 1: a linear rise to the peak at step `warmup`, then cosine decay to
 * `floor · lr` at the last step.
 */
export function learningRate({ steps, lr, warmup, floor }: TrainConfig, step: number): number {
  const rise = Math.min(warmup, steps);
  if (step <= rise) return lr * step / rise;
  const progress = steps === rise ? 1 : (step - rise) / (steps - rise);
  return lr * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
