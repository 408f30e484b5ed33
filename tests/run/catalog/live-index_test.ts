// The index as a server reads it: at once, and brought up to date in the background.
import assert from "node:assert/strict";
import { join } from "node:path";
import { addLabel } from "../../../lib/run/catalog/labels.ts";
import type { EventBody } from "../../../lib/run/events/events.ts";
import { tableReader } from "../../../lib/run/catalog/table-data.ts";
import { withIndex } from "../../../lib/run/catalog/runs-index.ts";
import { SHARED_VARIABLE } from "../../../lib/run/files/shared-folder.ts";
import { LOG_FILE } from "../../../lib/run/log/log.ts";
import { demoBodies, stamp } from "../demo-log.ts";
import { fakeRun, withRunsFolder } from "../fake-run.ts";
import { variedId, writeVariedRuns } from "../varied-runs.ts";

/** More than the runs whose files are looked at each time. */
const MANY = 210;
/** More than are written while a few updates of the index are waited for. */
const MOST_STEPS = 30_000;

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

Deno.test("an index that others made for one machine is brought up to date for a shared folder, too", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    await withIndex(runsFolder, () => {}, { onProgress: () => {} });
    const before = Deno.env.get(SHARED_VARIABLE);
    Deno.env.set(SHARED_VARIABLE, "1");
    try {
      using reader = tableReader(runsFolder, true);
      await reader.read();
      addLabel(join(runsFolder, variedId(1)), { kind: "name", name: "Renamed" });
      let names: (string | null)[] = [];
      for (let i = 0; i < 20 && !names.includes("Renamed"); i++) {
        names = (await reader.read()).runs.map(({ name }) => name);
      }
      assert.ok(names.includes("Renamed"), names.join(", "));
    } finally {
      if (before === undefined) Deno.env.delete(SHARED_VARIABLE);
      else Deno.env.set(SHARED_VARIABLE, before);
    }
  }));

/** Has each update of the index fail, for root too, until the function that is returned is called. */
async function breakUpdates(runsFolder: string): Promise<() => Promise<void>> {
  const lock = join(runsFolder, ".index.lock");
  await Deno.remove(lock).catch(() => {});
  await Deno.mkdir(lock);
  return () => Deno.remove(lock);
}

Deno.test("a table whose index cannot be updated says that it may be old, and the error is told once", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    const told: unknown[] = [];
    using reader = tableReader(runsFolder, true, (error) => told.push(error));
    const looks = async () => {
      const all = [];
      for (let i = 0; i < 3; i++) all.push(await reader.read());
      return all.map(({ runs, stale }) => [runs.length, stale]);
    };
    assert.deepEqual(await looks(), [[2, undefined], [2, undefined], [2, undefined]]);
    for (const times of [1, 2]) {
      const repair = await breakUpdates(runsFolder);
      await reader.touch([]); // waits for the update
      const stale = "The table may be old: its index cannot be updated: it is a folder, not a file";
      assert.deepEqual(await looks(), [[2, stale], [2, stale], [2, stale]], "what is known is shown");
      assert.equal(told.length, times);
      assert.ok(told.at(-1) instanceof Deno.errors.IsADirectory);
      await repair();
      await reader.touch([]);
      assert.deepEqual(await looks(), [[2, undefined], [2, undefined], [2, undefined]]);
    }
    assert.equal(told.length, 2);
  }));

Deno.test("a table without an index that cannot be made says so with each look, and tells the error once", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    const told: unknown[] = [];
    const repair = await breakUpdates(runsFolder);
    using reader = tableReader(runsFolder, true, (error) => told.push(error));
    for (let i = 0; i < 2; i++) {
      await assert.rejects(reader.read(), {
        code: "index.unreadable",
        message: /^Cannot read the runs of .*: it is a folder/,
      });
    }
    assert.equal(told.length, 1);
    await repair();
    assert.equal((await reader.read()).runs.length, 2);
  }));

Deno.test("a folder that turns out not to be writable has a table that follows its runs, too", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 2);
    // Nobody can open it as a database.
    await Deno.mkdir(join(runsFolder, ".index.sqlite"));
    const told: unknown[] = [];
    using reader = tableReader(runsFolder, true, (error) => told.push(error));
    const shown = async () => (await reader.read()).runs.map(({ name }) => name);
    assert.deepEqual(await shown(), [null, null]);
    addLabel(join(runsFolder, variedId(1)), { kind: "name", name: "Renamed" });
    await reader.touch([variedId(1)]);
    assert.deepEqual(await shown(), ["Renamed", null]);
    assert.deepEqual(told, []);
  }));

Deno.test("a large folder without an index is shown once there is one", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, MANY);
    using reader = tableReader(runsFolder, true);
    assert.equal((await reader.read()).runs.length, MANY);
  }));

Deno.test("a run that logs without a pause stays in the table, and does not keep others from it", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 1);
    const run = fakeRun(runsFolder, "20261122-101010-bts-demo-aaaa");
    const bodies = demoBodies({ id: run.id, steps: 4 });
    const begun = run.append(bodies.slice(0, bodies.findIndex(({ kind }) => kind === "metrics")));
    using reader = tableReader(runsFolder, true);
    assert.equal((await reader.read()).runs.length, 2);
    const steps = Array.from({ length: MOST_STEPS }, (_, i): EventBody => {
      return { kind: "metrics", cell: "seed", step: i + 1, steps: MOST_STEPS, values: { loss: 1 } };
    });
    const lines = stamp(steps, new Date(), 1, begun.length).map((event) => `${JSON.stringify(event)}\n`);
    // In a thread of its own: it writes while the index is written, too.
    const writer = new Worker(new URL("./log-writer.ts", import.meta.url), { type: "module" });
    let over = false;
    writer.onmessage = () => over = true;
    try {
      writer.postMessage({ path: join(run.folder, LOG_FILE), lines });
      addLabel(join(runsFolder, variedId(0)), { kind: "name", name: "Renamed" });
      for (let [looks, name] = [0, null as string | null]; looks < 5 || name !== "Renamed"; looks++) {
        const { runs } = await reader.read();
        assert.deepEqual(runs.map(({ id }) => id), [run.id, variedId(0)], `look ${looks + 1}`);
        name = runs[1]!.name;
        assert.ok(!over, "an update ends only when the run pauses");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    } finally {
      writer.terminate();
      await reader.touch([]); // the last update
      run.release();
    }
  }));
