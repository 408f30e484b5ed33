// Student's t and means over seeds.
import assert from "node:assert/strict";
import { meanInterval, studentQuantile, studentWithin } from "../../lib/report/statistics.ts";

Deno.test("`studentQuantile()` agrees with the printed tables", () => {
  for (
    const [degrees, t] of [[1, 12.7062], [2, 4.3027], [3, 3.1824], [4, 2.7764], [9, 2.2622], [30, 2.0423]] as const
  ) {
    assert.ok(Math.abs(studentQuantile(degrees) - t) < 5e-5, `${degrees}: ${studentQuantile(degrees)}`);
  }
  assert.ok(Math.abs(studentQuantile(10_000) - 1.9602) < 1e-3);
  assert.throws(() => studentQuantile(0), RangeError);
});

Deno.test("`studentWithin()` is the integral of the density", () => {
  for (const degrees of [1, 2, 3, 5, 8]) {
    const density = (t: number) => (1 + t * t / degrees) ** (-(degrees + 1) / 2);
    const integrate = (to: number, n = 40_000) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += density((i + 0.5) * to / n) * to / n;
      return sum;
    };
    const ratio = integrate(0.5) / integrate(2);
    assert.ok(Math.abs(studentWithin(0.5, degrees) / studentWithin(2, degrees) - ratio) < 1e-6);
  }
});

Deno.test("`meanInterval()` covers the true mean in about 95 % of repeats, with 3 samples", () => {
  let state = 12345, hits = 0;
  const uniform = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const repeats = 4000;
  for (let i = 0; i < repeats; i++) {
    const { mean, halfWidth } = meanInterval([normal(), normal(), normal()]);
    if (Math.abs(mean) <= halfWidth) hits++;
  }
  assert.ok(Math.abs(hits / repeats - 0.95) < 0.015, String(hits / repeats));
  assert.ok(Number.isNaN(meanInterval([1]).halfWidth));
});
