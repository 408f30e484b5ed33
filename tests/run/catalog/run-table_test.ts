// The table of runs: what a view shows, from the index on the disk and from what is kept beside it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { addLabel } from "../../../lib/run/catalog/labels.ts";
import { type TableData, tableReader } from "../../../lib/run/catalog/table-data.ts";
import { tableIds, tableNames, tableWindow } from "../../../lib/run/catalog/run-table.ts";
import { tableWindowSchema } from "../../../lib/run/catalog/table-rows.ts";
import { trashRuns } from "../../../lib/run/catalog/trash.ts";
import { withIndex } from "../../../lib/run/catalog/runs-index.ts";
import { parseTableView } from "../../../lib/run/view/table-view.ts";
import { meanInterval } from "../../../lib/statistics.ts";
import { variedBodies, variedId, writeVariedRuns } from "../varied-runs.ts";
import { fakeRun, withRunsFolder } from "../fake-run.ts";

const COUNT = 30;

function windowOf(data: TableData, query: string, limit = 100) {
  const { view } = parseTableView(new URLSearchParams(query));
  return tableWindowSchema.parse(tableWindow(data, view, { offset: view.offset, limit }));
}

const titles = (data: TableData, query: string) =>
  windowOf(data, query).rows.map((row) => row.kind === "run" ? row.title : row.label);

Deno.test("a view's rows are filtered, sorted and cut, and its columns are those that differ", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, COUNT);
    using reader = tableReader(runsFolder, false);
    const data = await reader.read();
    const all = windowOf(data, "");
    assert.deepEqual([all.total, all.matching, all.running, all.rowCount], [COUNT, COUNT, 0, COUNT]);
    // Neither experiment, preset nor device differs.
    const keys = all.columns.map(({ key }) => key);
    assert.deepEqual(keys, ["status", "seed", "model.width", "train.rate", "bpb", "progress", "started", "seconds"]);
    assert.deepEqual(titles(data, "").slice(0, 2), ["Run 29", "Run 28"]);
    assert.deepEqual(titles(data, "sort=bpb").slice(0, 2), ["Run 0", "Run 1"]);
    assert.deepEqual(titles(data, "sort=-model.width&offset=1").slice(0, 2), ["Run 26", "Run 23"]);
    assert.deepEqual(titles(data, "filter=seed:2+width:>64"), ["Run 22", "Run 17", "Run 7", "Run 2"]);
    assert.deepEqual(titles(data, "filter=bts/bpb/mean:<1.7885&sort=started"), titles(data, "sort=bpb").slice(0, 1));
    const named = windowOf(data, "columns=stitch/loss:min,train.rate,nosuch,seed");
    assert.deepEqual(named.columns.map(({ key }) => key), ["stitch/loss:min", "train.rate", "seed"]);
    assert.ok(named.rows.every(({ values }) => typeof values[0] === "number"));
    assert.match(named.problems.join(), /There is no column "nosuch"/);
    assert.match(windowOf(data, "sort=nosuch").problems.join(), /Cannot sort by "nosuch"/);
    assert.equal(windowOf(data, "filter=nosuch:1").matching, COUNT);
    const { view } = parseTableView(new URLSearchParams("filter=seed:2"));
    assert.deepEqual(tableIds(data, view).length, COUNT / 5);
    const width = tableNames(data).find(({ name }) => name === "model.width");
    assert.deepEqual(width?.values.sort(), ["128", "256", "64"]);
  }));

Deno.test("settings that the experiment or the preset decides are no columns of their own unless they are chosen", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 6);
    // Another preset and another experiment, each with another number of layers, for runs of two widths.
    const others = [["bts", "deep", 40, 64], ["bts", "deep", 40, 128], ["deeper", "demo", 80, 64]] as const;
    for (const [at, [experiment, preset, layers, width]] of others.entries()) {
      const i = 6 + at;
      const id = variedId(i);
      const run = fakeRun(runsFolder, id);
      run.append(
        variedBodies(id, i).map((body) =>
          body.kind === "run.start"
            ? { ...body, experiment, preset, config: { model: { layers, width }, train: { rate: 1e-3 } } }
            : body
        ),
      );
      run.release();
    }
    using reader = tableReader(runsFolder, false);
    const data = await reader.read();
    const { columns, moreColumns } = windowOf(data, "");
    assert.deepEqual(columns.slice(0, 7).map(({ key }) => key), [
      ...["status", "experiment", "preset", "seed", "model.width", "train.rate", "bpb"],
    ]);
    assert.equal(moreColumns, 1, "model.layers");
    assert.deepEqual(windowOf(data, "columns=model.layers").columns.map(({ key }) => key), ["model.layers"]);
    assert.ok(!windowOf(data, "filter=preset:deep").columns.some(({ key }) => key === "preset"));
  }));

Deno.test("groups have means with intervals, and show their runs when open", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, COUNT);
    using reader = tableReader(runsFolder, false);
    const data = await reader.read();
    const closed = windowOf(data, "group=seeds&columns=bpb,seed,model.width");
    assert.equal(closed.rowCount, 6);
    const [first] = closed.rows;
    assert.ok(first?.kind === "group" && first.runs.length === COUNT / 6);
    const values = first.runs.map((id) => data.numbers("bts/bpb/mean")!.values.get(id)!);
    const { mean, halfWidth } = meanInterval(values);
    assert.deepEqual(first.values[0], { mean, halfWidth, samples: values.length });
    assert.deepEqual(first.values[1], { different: 5 });
    assert.ok([64, 128, 256].includes(first.values[2] as number));
    const open = windowOf(data, `group=seeds&open=${encodeURIComponent(first.key)}`);
    assert.equal(open.rowCount, 6 + first.runs.length);
    assert.deepEqual(open.rows.slice(1, 6).map((row) => row.kind === "run" && row.id), first.runs);
    for (const [by, count] of [["preset", 1], ["experiment", 1], ["sweep", 1]] as const) {
      assert.equal(windowOf(data, `group=${by}`).rowCount, count, by);
    }
  }));

Deno.test("a reader without permission to write sees the same, also what changes after the index was written", async (t) => {
  await withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 12);
    await withIndex(runsFolder, () => {});
    const before = await Deno.stat(join(runsFolder, ".index.sqlite"));
    using reader = tableReader(runsFolder, false);
    const seen = async (query: string, fits: (shown: ReturnType<typeof windowOf>) => boolean) => {
      let shown = windowOf(await reader.read(), query);
      for (let i = 0; i < 100 && !fits(shown); i++) shown = windowOf(await reader.read(), query);
      assert.ok(fits(shown), `${query}: ${JSON.stringify(shown.rows[0])}`);
      return shown;
    };
    await seen("", ({ total }) => total === 12);

    const id = variedId(40);
    const run = fakeRun(runsFolder, id);
    const bodies = variedBodies(id, 40);
    await t.step("a run that is under way", async () => {
      run.append(bodies.slice(0, 4));
      await seen("", ({ total, running }) => total === 13 && running === 1);
    });
    await t.step("its end, with the numbers of all its points", async () => {
      run.append(bodies.slice(4));
      run.release();
      const shown = await seen("columns=stitch/loss:last,seed/loss:max", ({ running }) => running === 0);
      using disk = tableReader(runsFolder, true);
      await Array.fromAsync([1, 2, 3], () => disk.read());
      assert.deepEqual(shown, windowOf(await disk.read(), "columns=stitch/loss:last,seed/loss:max"));
    });
    await t.step("a tag, and a run that is removed", async () => {
      addLabel(join(runsFolder, variedId(3)), { kind: "tags", add: ["good"], remove: [] });
      await reader.touch([variedId(3)]);
      await seen("filter=tag:good", ({ matching }) => matching === 1);
      await trashRuns(runsFolder, [variedId(3)]);
      await seen("", ({ total }) => total === 12);
    });
    assert.ok(before.isFile);
  });
});

Deno.test("a reader without an index reads the logs, and an index that is damaged is no index", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 4);
    for (const writable of [false, true]) {
      await Deno.writeTextFile(join(runsFolder, ".index.sqlite"), "no database ".repeat(1_000));
      using reader = tableReader(runsFolder, writable);
      assert.equal(windowOf(await reader.read(), "").total, 4, String(writable));
    }
    await Deno.remove(join(runsFolder, ".index.sqlite"));
    using reader = tableReader(runsFolder, false);
    assert.equal(windowOf(await reader.read(), "").total, 4);
    await assert.rejects(Deno.stat(join(runsFolder, ".index.sqlite")), Deno.errors.NotFound);
  }));
