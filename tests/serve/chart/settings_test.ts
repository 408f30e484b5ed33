// What a chart shows before anybody sets something.
import assert from "node:assert/strict";
import type { SeriesNames } from "../../../lib/run/view/mod.ts";
import { DEFAULT_SETTINGS, withNames } from "../../../lib/serve/client/chart/settings.ts";

const series = (...cells: readonly string[]): SeriesNames[] =>
  cells.map((cell) => ({ cell, title: cell, steps: 10, metrics: [{ name: "loss", points: 10, step: 10, last: 1 }] }));
const chosen = (names: readonly SeriesNames[], runs: number) => withNames(DEFAULT_SETTINGS, names, {}, runs).cell;

Deno.test("several runs are compared by the last cell that most of them have", () => {
  assert.equal(chosen(series("seed", "stitch", "seed", "stitch"), 2), "stitch");
  // The last run has a cell that no other has.
  assert.equal(chosen(series("seed", "stitch", "seed", "stitch", "seed", "expert:law"), 3), "seed");
  assert.equal(chosen(series("seed", "stitch"), 1), "", "all cells of one run");
});
