// The index as a server reads it: at once, and brought up to date in the background.
import assert from "node:assert/strict";
import { join } from "node:path";
import { addLabel, tableReader, withIndex } from "../../../lib/run/mod.ts";
import { withRunsFolder } from "../fake-run.ts";
import { variedId, writeVariedRuns } from "../varied-runs.ts";

/** More than the runs whose files are looked at each time. */
const MANY = 210;

Deno.test("the first look at a large folder with an index looks at no run's files, and later ones do", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, MANY);
    await withIndex(runsFolder, () => {}, { onProgress: () => {} });
    addLabel(join(runsFolder, variedId(7)), { kind: "name", name: "Renamed" });
    for (const writable of [false, true]) {
      using reader = tableReader(runsFolder, writable);
      const nameOf = async () => (await reader.read()).runs.find(({ id }) => id === variedId(7))!.name;
      assert.equal(await nameOf(), null, "as the index has it");
      let now = await nameOf();
      for (let i = 0; i < 200 && now === null; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        now = await nameOf();
      }
      assert.equal(now, "Renamed");
    }
  }));

Deno.test("a large folder without an index is shown once there is one", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, MANY);
    using reader = tableReader(runsFolder, true);
    assert.equal((await reader.read()).runs.length, MANY);
  }));
