// How long a plan is said to take.
import assert from "node:assert/strict";
import { estimatedSeconds, planTable, SECONDS_PER_CELL } from "../../lib/experiment/plan.ts";

const cell = (flops: number) => ({ cell: "a", title: "A", tokens: 0, flops, bytes: 0 });

Deno.test("`estimatedSeconds()` counts operations, and what every cell takes beside them", () => {
  const operations = (flops: number) => estimatedSeconds([cell(flops)], 1e9) - estimatedSeconds([cell(0)], 1e9);
  assert.ok(Math.abs(operations(2e9) - 2 * operations(1e9)) < 1e-9 && operations(1e9) > 1);
  // Twenty cells with next to no operations, as smoke has them, take seconds all the same.
  const twenty = estimatedSeconds(Array.from({ length: 20 }, () => cell(1)), 1e12);
  assert.ok(Math.abs(twenty - 20 * SECONDS_PER_CELL) < 1e-6 && twenty > 5);
});

Deno.test("`planTable()` ends with what all cells take together", () => {
  const cells = Array.from({ length: 100 }, () => cell(0));
  assert.equal(planTable(cells, 1e9).rows.at(-1)!.time, `${Math.ceil(100 * SECONDS_PER_CELL)} s`);
});
