// The order of a sweep's trials in its table.
import assert from "node:assert/strict";
import type { ShownSweep } from "../../../lib/serve/schemas.ts";
import { sortedTrials } from "../../../lib/serve/client/sweep/trials.tsx";
import { bestText, trialLabel } from "../../../lib/serve/client/sweep/words.ts";

const trial = (number: number, x: string, value: number | null, seconds: number | null) => ({
  trial: number,
  settings: { "train.x": x, kind: x === "10" ? "b" : "a" },
  seed: 1,
  status: "done" as const,
  run: null,
  attempts: 1,
  startedAt: null,
  seconds,
  error: null,
  cells: null,
  progress: null,
  value,
});
const sweep = {
  keys: ["train.x", "kind"],
  metric: "bpb",
  best: [2],
  trials: [trial(2, "9", 1, 5), trial(1, "10", 2, 3), trial(3, "1e1", null, null)],
} as unknown as ShownSweep;
const order = (key: string, descending = false) => sortedTrials(sweep, key, descending).map(({ trial }) => trial);

Deno.test("trials are sorted by any column, numbers by size, those without a value last either way", () => {
  assert.deepEqual([order(""), order("nothing")], [[2, 1, 3], [2, 1, 3]]);
  assert.deepEqual([order("trial"), order("trial", true)], [[1, 2, 3], [3, 2, 1]]);
  assert.deepEqual([order("set.train.x"), order("set.train.x", true)], [[2, 1, 3], [1, 3, 2]]);
  assert.deepEqual(order("set.kind"), [2, 3, 1]);
  assert.deepEqual([order("value"), order("value", true)], [[2, 1, 3], [1, 2, 3]]);
  assert.deepEqual([order("took"), order("took", true)], [[1, 2, 3], [2, 1, 3]]);
});

Deno.test("words about trials", () => {
  assert.equal(bestText(sweep), "1.0000 bpb, trial 2");
  assert.equal(trialLabel(sweep.trials[0]!, true), "2: x=9 kind=a seed 1");
});
