// What the table of runs says while the logs of its folder are still being read.
import assert from "node:assert/strict";
import { join } from "node:path";
import { tableReader, withIndex } from "../../../lib/run/mod.ts";
import { withRunsFolder } from "../fake-run.ts";
import { writeVariedRuns } from "../varied-runs.ts";

Deno.test("while the index has not all runs yet, the table says how many are still to come", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    await withIndex(runsFolder, () => {}, { onProgress: () => {} });
    writeVariedRuns(runsFolder, 5);
    using reader = tableReader(runsFolder, true);
    // Another process that updates the index: this one waits for its turn.
    const lock = await Deno.open(join(runsFolder, ".index.lock"), { write: true, create: true });
    try {
      await lock.lock(true);
      const early = await reader.read();
      assert.equal(early.runs.length, 2);
      assert.equal(early.stale, "3 of 5 runs are still being read; they appear here as they are");
    } finally {
      lock.close();
    }
    let now = await reader.read();
    // The wait for the turn ends by itself, some milliseconds later.
    for (let tries = 0; now.stale !== undefined && tries < 600; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      now = await reader.read();
    }
    assert.deepEqual([now.stale, now.runs.length], [undefined, 5]);
    // A folder that has no log yet is not a run that is being read.
    await Deno.mkdir(join(runsFolder, "20261122-101010-bts-demo-none"));
    assert.equal((await reader.read()).stale, undefined);
  }));
