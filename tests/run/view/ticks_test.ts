// Labels of axes: round, within the range, few.
import assert from "node:assert/strict";
import { logTicks, roundTicks } from "../../../lib/run/view/ticks.ts";

Deno.test("`roundTicks()` gives round numbers within the range", () => {
  assert.deepEqual(roundTicks(3.2, 8.1), [4, 5, 6, 7, 8].filter((x) => x % 1 === 0));
  for (const [low, high] of [[0.001, 0.0017], [2.5, 3.1], [1, 900]] as const) {
    const ticks = roundTicks(low, high);
    assert.ok(
      ticks.length >= 2 && ticks.length <= 8 && ticks.every((tick) => tick >= low && tick <= high),
      ticks.join(),
    );
  }
});

Deno.test("`logTicks()` gives round numbers within the range, and powers of ten where it is wide", () => {
  for (const [low, high] of [[2.2, 8.1], [0.9, 40], [1e-7, 3e-3], [1e-30, 1e30], [5, 5.0001], [3, 1e6]] as const) {
    const ticks = logTicks(low, high);
    assert.ok(ticks.length >= 2 && ticks.length <= 9, `${low} to ${high}: ${ticks.join()}`);
    assert.ok(ticks.every((tick) => tick >= low && tick <= high));
    assert.deepEqual(ticks, ticks.toSorted((a, b) => a - b));
  }
  assert.deepEqual(logTicks(0.5, 2e4), [1, 10, 100, 1000, 1e4]);
  assert.deepEqual(logTicks(1, 60), [1, 2, 5, 10, 20, 50]);
});
