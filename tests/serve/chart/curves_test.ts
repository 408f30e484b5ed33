// Curves: names that say what differs, and looks that tell them apart.
import assert from "node:assert/strict";
import { curvesOfRuns } from "../../../lib/serve/client/chart/curves.ts";
import { sampleCell, sampleSeries } from "./sample.ts";

const [loss, validation] = [sampleSeries("loss", [3, 2, 1]), sampleSeries("validation", [3])];
const runs = [{ id: "r1", label: "width 64" }, { id: "r2", label: "width 128" }];
const both = (run: string, ...cells: string[]) => ({
  run,
  cells: cells.map((cell) => sampleCell(cell, loss, validation)),
});
const one = (run: string, ...cells: string[]) => ({ run, cells: cells.map((cell) => sampleCell(cell, loss)) });

Deno.test("labels say what differs, and nothing else", () => {
  const labels = (...data: Parameters<typeof curvesOfRuns>[0]) => curvesOfRuns(data, runs).map(({ label }) => label);
  assert.deepEqual(labels(one("r1", "seed")), ["loss"]);
  assert.deepEqual(labels(both("r1", "seed")), ["loss", "validation"]);
  assert.deepEqual(labels(one("r1", "seed", "stitch")), ["SEED", "STITCH"]);
  assert.deepEqual(labels(one("r1", "seed"), one("r2", "seed")), ["width 64", "width 128"]);
  assert.deepEqual(labels(both("r1", "seed"), one("r2", "stitch")), [
    "width 64 · SEED · loss",
    "width 64 · SEED · validation",
    "width 128 · STITCH · loss",
  ]);
  assert.deepEqual(
    labels(one("r9", "seed"), one("r1", "seed")),
    ["r9", "width 64"],
    "a run without a label has its id",
  );
});

Deno.test("no two curves look the same, and those of one cell have one color", () => {
  const cells = Array.from({ length: 14 }, (_, i) => `cell ${i}`);
  const curves = curvesOfRuns([both("r1", ...cells)], runs);
  assert.equal(new Set(curves.map(({ color, dash }) => `${color} ${dash}`)).size, curves.length);
  for (const [, same] of Map.groupBy(curves, ({ cell }) => cell)) {
    assert.equal(new Set(same.map(({ color }) => color)).size, 1);
  }
  const [first, second] = curvesOfRuns([both("r1", "seed")], runs);
  assert.notEqual(first!.color, second!.color, "metrics of a single cell differ by color");
});

Deno.test("series without a place on the axis are left out", () => {
  const known = sampleSeries("loss", [3, 2], { x: [0, 64] });
  const unknown = sampleSeries("loss", [3, 2], { x: [null, null] });
  const curves = curvesOfRuns([{ run: "r1", cells: [sampleCell("a", known), sampleCell("b", unknown)] }], runs);
  assert.deepEqual(curves.map(({ cell, x }) => [cell, x]), [["a", [0, 64]]]);
});
