// Several runs, or cells of one, side by side.
import assert from "node:assert/strict";
import { compareCells, comparedCells, compareRuns } from "../../../lib/run/catalog/compare.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { variedId, writeVariedRuns } from "../varied-runs.ts";
import { withRunsFolder } from "../fake-run.ts";

Deno.test("`compareRuns()` has only the settings and the provenance that differ", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 4);
    const runs = await Promise.all([0, 1, 3].map(async (i) => (await readRun(runsFolder, variedId(i)))!));
    const { columns, settings, made } = compareRuns(runs, runs.map(() => undefined));
    assert.deepEqual(columns[1], { id: variedId(1), title: "Run 1", status: "done" });
    assert.deepEqual(settings, [
      { key: "model.width", values: [64, 128, 64] },
      { key: "train.rate", values: [3e-3, 1e-3, 1e-3] },
    ]);
    assert.deepEqual(made, [{ key: "seed", values: [0, 1, 3] }]);
    assert.deepEqual(compareRuns([runs[0]!, runs[0]!], [undefined, undefined]).settings, []);
  }));

Deno.test("`compareCells()` compares cells by what they are, and by the method that each makes", () =>
  withRunsFolder(async (runsFolder) => {
    writeVariedRuns(runsFolder, 1);
    const run = (await readRun(runsFolder, variedId(0)))!;
    assert.deepEqual(comparedCells(run).map(({ name }) => name), [
      "seed",
      "expert:code",
      "expert:math",
      "expert:multilingual",
      "stitch",
    ]);
    // The stitches stand for the stitched model, not the cell that measures it.
    const measuring = { ...run.cells[0]!, name: "evaluate:bts", metrics: [] };
    const names = (cells: typeof run.cells) => comparedCells({ ...run, cells }).map(({ name }) => name);
    assert.deepEqual(names([...run.cells, measuring]), names(run.cells));
    assert.deepEqual(names([measuring]), ["evaluate:bts"]);
    const { columns, settings, scored } = compareCells(run, ["stitch", "seed"]);
    assert.deepEqual(columns.map(({ id, title }) => [id, title]), [
      ["stitch", "Train the stitches"],
      ["seed", "Pretrain the seed"],
    ]);
    assert.deepEqual(settings.find(({ key }) => key === "seconds")?.values, [44, 28]);
    assert.deepEqual(scored.map(({ method, methods }) => [method, methods[""]]), [
      ["bts", run.results!.methods.bts],
      ["seed", run.results!.methods.seed],
    ]);
  }));
