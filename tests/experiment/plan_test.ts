// How long a plan is estimated to take.
import assert from "node:assert/strict";
import { estimatedSeconds, LAYERS_PER_CELL, planTable } from "../../lib/experiment/plan.ts";

const cell = (flops: number, layers = 0) => ({ cell: "a", title: "A", tokens: 0, flops, layers, bytes: 0 });
const SPEED = { flopsPerSecond: 1e9, secondsPerLayer: 0.001 };

Deno.test("`estimatedSeconds()` counts operations, passes through layers, and what every cell takes beside them", () => {
  const beyond = (flops: number, layers: number) =>
    estimatedSeconds([cell(flops, layers)], SPEED) - estimatedSeconds([cell(0)], SPEED);
  assert.ok(Math.abs(beyond(2e9, 0) - 2 * beyond(1e9, 0)) < 1e-9 && beyond(1e9, 0) > 1);
  // Generating tokens one by one has next to no operations, and takes seconds all the same.
  assert.ok(Math.abs(beyond(0, 5_000) - 5) < 1e-9);
  const twenty = estimatedSeconds(Array.from({ length: 20 }, () => cell(0)), SPEED);
  assert.ok(Math.abs(twenty - 20 * LAYERS_PER_CELL * SPEED.secondsPerLayer) < 1e-9 && twenty > 5);
});

Deno.test("`planTable()` ends with what all cells take together", () => {
  const cells = Array.from({ length: 1000 }, () => cell(0));
  assert.equal(planTable(cells, SPEED).rows.at(-1)!.time, `${1000 * LAYERS_PER_CELL * SPEED.secondsPerLayer / 60} min`);
});
