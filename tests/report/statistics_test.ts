// Means over seeds and their intervals.
import assert from "node:assert/strict";
import { random } from "../../lib/random.ts";
import { meanInterval } from "../../lib/statistics.ts";
import { meanShareInterval } from "../../lib/report/statistics.ts";

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

Deno.test("`meanShareInterval()` stays within 0 and 1, and seeds that all score 0 or 1 have an interval", () => {
  const none = meanShareInterval([0, 0, 0], [16, 16, 16]);
  assert.equal(none.low, 0);
  // Clopper and Pearson's for 0 of 48.
  assert.ok(Math.abs(none.high - (1 - 0.025 ** (1 / 48))) < 1e-9, String(none.high));
  const all = meanShareInterval([1, 1, 1], [16, 16, 16]);
  assert.ok(Math.abs(all.low - (1 - none.high)) < 1e-9 && all.high === 1);
  for (const shares of [[0, 0, 0.0625], [1, 0.9, 1], [0, 0.5, 1], [0.3, 0.3, 0.3]]) {
    const { low, high } = meanShareInterval(shares, [16, 16, 16]);
    const mean = shares.reduce((sum, share) => sum + share, 0) / 3;
    assert.ok(0 <= low && low < mean && mean < high && high <= 1, `${low} ${mean} ${high}`);
  }
});

const SEED = 7;

Deno.test(`\`meanShareInterval()\` covers at least 93 % with three seeds (seed ${SEED})`, () => {
  for (const questions of [16, 40]) {
    for (const share of [0.01, 0.05, 0.25, 0.5, 0.9]) {
      // Seeds that are equally good, and seeds that differ by 5 points or, near 0 and 1, by half the distance.
      for (const spread of [0, Math.min(0.05, share / 2, (1 - share) / 2)]) {
        const draw = random(SEED, "share", questions, String(share), String(spread));
        const repetitions = 1000;
        let held = 0;
        for (let i = 0; i < repetitions; i++) {
          const shares = [0, 1, 2].map(() => {
            const own = share + spread * (2 * draw.float() - 1) * Math.sqrt(3);
            let right = 0;
            for (let question = 0; question < questions; question++) if (draw.float() < own) right++;
            return right / questions;
          });
          const { low, high } = meanShareInterval(shares, [questions, questions, questions]);
          if (low <= share && share <= high) held++;
        }
        assert.ok(
          held / repetitions >= 0.93,
          `${held} of ${repetitions}: ${share} ± ${spread}, ${questions} (seed ${SEED})`,
        );
      }
    }
  }
});
