// Which direction of a metric is better: as declared, as the trials' runs logged it, or as older sweeps imply.
import assert from "node:assert/strict";
import { foldSweep, rankTrials } from "../../../lib/run/sweep/view.ts";
import type { SweepEvent } from "../../../lib/run/sweep/log.ts";

const time = "2026-11-29T02:00:00.000Z";

/** A sweep of two finished trials with these values. */
function sweep(
  values: readonly Readonly<Record<string, number>>[],
  { declared, logged }: { declared?: string[]; logged?: string[] } = {},
) {
  const events: SweepEvent[] = [
    {
      time,
      kind: "sweep.start",
      schemaVersion: 1,
      sweep: "s",
      name: "s",
      experiment: "fake",
      script: "fake.ts",
      shared: [],
      configFile: null,
      metric: "bpb",
      ...(declared === undefined ? {} : { higher: declared }),
      keys: [],
      random: null,
      trials: values.map((_, i) => ({ settings: {}, seed: i })),
      command: [],
    },
    ...values.map((values, i): SweepEvent => ({
      time,
      kind: "trial.end",
      trial: i + 1,
      run: `run-${i}`,
      status: "done",
      seconds: 1,
      error: null,
      cells: null,
      values,
      ...(logged === undefined ? {} : { higher: logged }),
    })),
  ];
  return foldSweep(events)!;
}

const VALUES = [1, 2].map((x) => ({
  "fake/quiz": x,
  "quiz": x,
  "fake/calibration-error/mean": x,
  "calibration-error": x,
  "fake/bpb/mean": x,
  "bpb": x,
  "one/score:last": x,
}));

for (
  const [from, view] of [
    ["declared by the experiment", sweep(VALUES, { declared: ["fake/quiz"] })],
    ["logged by the trials' runs", sweep(VALUES, { logged: ["fake/quiz", "quiz"] })],
  ] as const
) {
  Deno.test(`\`rankTrials()\` takes the direction that is ${from}`, () => {
    const best = (metric: string) => [rankTrials(view, metric).metric.better, rankTrials(view, metric).best];
    assert.deepEqual(best("quiz"), ["higher", [2]]);
    assert.deepEqual(best("fake/quiz"), ["higher", [2]]);
    assert.deepEqual(best("calibration-error"), ["lower", [1]]);
    assert.deepEqual(best("fake/calibration-error/mean"), ["lower", [1]]);
    assert.deepEqual(best("bpb"), ["lower", [1]]);
    assert.deepEqual(best("score"), ["higher", [2]], "a curve, by its name");
  });
}

Deno.test("`rankTrials()` of a sweep by an earlier version: bits per byte are better when lower, tasks when higher", () => {
  const view = sweep(
    VALUES.map((values) => ({ "fake/quiz": values.quiz, "fake/bpb/mean": values.bpb, "bpb": values.bpb })),
  );
  assert.deepEqual(rankTrials(view, "quiz").best, [2]);
  assert.deepEqual(rankTrials(view, "fake/bpb/mean").best, [1]);
  assert.deepEqual(rankTrials(view).best, [1]);
});
