// Several runs side by side.
import assert from "node:assert/strict";
import { compareRuns, readRun } from "../../../lib/run/mod.ts";
import { variedId, writeVariedRuns } from "../varied-runs.ts";
import { withRunsFolder } from "../fake-run.ts";

Deno.test("`compareRuns()` has only what differs, and every result with one value per run", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 4);
    const runs = await Promise.all([0, 1, 3].map(async (i) => (await readRun(runsFolder, variedId(i)))!));
    const { settings, made, results } = compareRuns(runs, runs.map(() => undefined));
    assert.deepEqual(settings, [
      { key: "model.width", values: [64, 128, 64] },
      { key: "train.rate", values: [3e-3, 1e-3, 1e-3] },
    ]);
    assert.deepEqual(made, [{ key: "seed", values: [0, 1, 3] }]);
    const bpb = results.find(({ key }) => key === "bts/bpb/mean")!;
    assert.equal(bpb.better, "lower");
    assert.ok(bpb.values[0]! < bpb.values[1]! && bpb.values[1]! < bpb.values[2]!);
    assert.deepEqual(compareRuns([runs[0]!, runs[0]!], [undefined, undefined]).settings, []);
    // A result that only one run has.
    const alone = compareRuns([runs[0]!, { ...runs[1]!, results: null }], [undefined, undefined]).results;
    assert.ok(alone.every(({ values }) => values.length === 2 && values[1] === undefined));
  }));
