// How long a plan is estimated to take.
import assert from "node:assert/strict";
import { planTable } from "../../lib/experiment/plan.ts";
import { LAYERS_PER_CELL } from "../../lib/run/mod.ts";

const cell = (flops: number, layers = 0) => ({ cell: "a", title: "A", needs: [], tokens: 0, flops, layers, bytes: 0 });
const SPEED = { flopsPerSecond: 1e9, secondsPerLayer: 0.001 };

Deno.test("`planTable()` ends with what all cells take together", () => {
  const cells = Array.from({ length: 1000 }, () => cell(0));
  assert.equal(planTable(cells, SPEED).rows.at(-1)!.time, `${1000 * LAYERS_PER_CELL * SPEED.secondsPerLayer / 60} min`);
});

Deno.test("`planTable()` of cells that are computed elsewhere has tokens, and no time", () => {
  const { columns, rows } = planTable([{ ...cell(0), tokens: 1000 }, { ...cell(0), tokens: 500 }], undefined);
  assert.deepEqual(columns.map(({ key }) => key), ["cell", "title", "tokens"]);
  assert.equal(rows.at(-1)!.tokens, "1.5k");
});
