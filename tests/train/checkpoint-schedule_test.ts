// When checkpoints are due: by steps, by minutes, and never so often that keeping them takes long.
import assert from "node:assert/strict";
import {
  type CheckpointConfig,
  checkpointConfigSchema,
  checkpointSchedule,
} from "../../lib/train/checkpoint-schedule.ts";
import { BEGINNING } from "../../lib/train/snapshot.ts";

/** The seconds at which a checkpoint was kept, of a training with one step a second in which keeping takes `cost`. */
function keptAt(changes: Partial<CheckpointConfig>, seconds: number, cost: number): number[] {
  let now = 0;
  const schedule = checkpointSchedule(checkpointConfigSchema.parse(changes), () => now);
  const kept: number[] = [];
  for (now = 1; now <= seconds; now++) {
    if (!schedule.due({ ...BEGINNING, step: now })) continue;
    kept.push(now);
    schedule.saved(cost);
  }
  return kept;
}

Deno.test("`checkpointSchedule()` keeps one a minute by default", () => {
  assert.deepEqual(keptAt({}, 200, 0.1), [60, 120, 180]);
});

Deno.test("`checkpointSchedule()` keeps fewer where they take more than 1 % of the time", () => {
  assert.deepEqual(keptAt({}, 1000, 2), [60, 260, 460, 660, 860]);
});

Deno.test("`checkpointSchedule()` counts steps exactly, with or without minutes", () => {
  assert.deepEqual(keptAt({ steps: 7, minutes: null }, 25, 2), [7, 14, 21]);
  assert.deepEqual(keptAt({ steps: 40, minutes: 0.5 }, 100, 0.1), [30, 40, 70, 80]);
  assert.deepEqual(keptAt({ minutes: null }, 1000, 0.1), []);
});

Deno.test("`checkpointConfigSchema` keeps at least two", () => {
  assert.equal(checkpointConfigSchema.safeParse({ keep: 1 }).success, false);
  assert.deepEqual(checkpointConfigSchema.parse({}), { steps: null, minutes: 1, keep: 2 });
});
