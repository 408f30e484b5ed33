// Smoothing against its definition.
import assert from "node:assert/strict";
import { smoothed, smoothingWeight } from "../../../lib/run/view/smoothing.ts";

Deno.test("`smoothed()` is the weighted mean of all values so far, and leaves gaps as they are", () => {
  const values = [4, 2, undefined, 6, null, 1];
  const weight = 0.8;
  const found = smoothed(values, weight);
  const finite: number[] = [];
  values.forEach((value, i) => {
    if (value === null || value === undefined) return assert.equal(found[i], value);
    finite.push(value);
    const weights = finite.map((_, j) => weight ** (finite.length - 1 - j));
    const wanted = finite.reduce((sum, x, j) => sum + x * weights[j]!, 0) / weights.reduce((a, b) => a + b);
    assert.ok(Math.abs(Number(found[i]) - wanted) < 1e-12);
  });
  for (const value of smoothed([3, 3, 3], weight)) assert.ok(Math.abs(Number(value) - 3) < 1e-12, "a constant stays");
});

Deno.test("`smoothingWeight()` averages over five points or a fiftieth of the curve", () => {
  assert.equal(smoothingWeight(0), 0.8);
  assert.equal(smoothingWeight(250), 0.8);
  assert.equal(smoothingWeight(5000), 0.99);
});
