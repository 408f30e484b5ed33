// The learning rate over a phase: linear warm-up, then a cosine down to a floor (arXiv 1608.03983).
import type { TrainConfig } from "./config.ts";

/**
 * The learning rate of step `step` (from 1).
 *
 * Warm-up rises linearly to the peak at step `warmup`; the cosine then reaches `floor · lr` at the last step.
 */
export function learningRate({ steps, lr, warmup, floor }: TrainConfig, step: number): number {
  const rise = Math.min(warmup, steps);
  if (step <= rise) return lr * step / rise;
  const progress = steps === rise ? 1 : (step - rise) / (steps - rise);
  return lr * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
