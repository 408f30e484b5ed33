// When a checkpoint is due: every so many steps, every so many minutes, or both.
import { z } from "zod";
import type { Progress } from "./snapshot.ts";

/** How often training is kept. No part of what a cell's results depend on. */
export const checkpointConfigSchema = z.strictObject({
  steps: z.int().min(1).nullable().default(null).describe(
    "steps between two checkpoints of a cell; null: by time only",
  ),
  minutes: z.number().positive().max(100_000).nullable().default(1)
    .describe(
      "minutes between two checkpoints, or so many that keeping them takes 1 % of the time; null: by steps only",
    ),
  keep: z.int().min(2).max(10_000).default(2).describe("how many of the newest checkpoints stay; the best stays too"),
});

export type CheckpointConfig = z.infer<typeof checkpointConfigSchema>;

/** Keeping takes at most this share of the time, when minutes say how often. */
const LARGEST_SHARE = 0.01;

/** Says when a checkpoint is due. */
export interface CheckpointSchedule {
  due(progress: Progress): boolean;
  /** Tells that one was kept, and how long it took. */
  kept(seconds: number): void;
}

/** A schedule that begins now; `now` gives seconds. */
export function checkpointSchedule(
  { steps, minutes }: CheckpointConfig,
  now: () => number = () => performance.now() / 1000,
): CheckpointSchedule {
  let last = now();
  let cost = 0;
  return {
    due({ step }) {
      if (steps !== null && step % steps === 0) return true;
      return minutes !== null && now() - last >= Math.max(60 * minutes, cost / LARGEST_SHARE);
    },
    kept(seconds) {
      last = now();
      cost = seconds;
    },
  };
}
