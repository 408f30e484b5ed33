// When to save a checkpoint: every N steps, every N minutes, or both.
import { z } from "zod";
import type { Progress } from "./snapshot.ts";
import type { CheckpointConfigSchema } from "./inferred-types.ts";

/** How often training saves a checkpoint. Results do not depend on these settings. */
export const checkpointConfigSchema: CheckpointConfigSchema = z.strictObject({
  steps: z.int().min(1).nullable().default(null).describe(
    "steps between checkpoints of a cell; null: by time only",
  ),
  minutes: z.number().positive().max(100_000).nullable().default(1)
    .describe(
      "minutes between checkpoints, or more if saving them would take over 1 % of the time; null: by steps only",
    ),
  keep: z.int().min(2).max(10_000).default(2).describe("number of newest checkpoints to keep; the best is kept too"),
});

export type CheckpointConfig = z.infer<typeof checkpointConfigSchema>;

/** The largest share of the time spent on saving checkpoints that are due by time. */
const LARGEST_SHARE = 0.01;

/** Decides when a checkpoint is due. */
export interface CheckpointSchedule {
  due(progress: Pick<Progress, "step">): boolean;
  /** Records that a checkpoint was saved, and the time it took. */
  saved(seconds: number): void;
}

/**
 * A schedule that starts now.
 *
 * @param now a clock, in seconds
 */
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
    saved(seconds) {
      last = now();
      cost = seconds;
    },
  };
}
