// Which experts the gates cannot tell apart.
import assert from "node:assert/strict";
import { gatePairs, isAlike } from "../../lib/bts/gate-pairs.ts";
import { random } from "../../lib/random.ts";
import type { TokenGates } from "../../lib/stitch/token-gates.ts";

/** Gates of an H2E, which do not count, and of an E2H, from the shares of three experts. */
const stitches = (rows: readonly (readonly number[])[]): TokenGates[] => [
  { stitch: 0, kind: "H2E", after: 2, models: [1, 2, 3], gates: rows.map(() => [0.9, 0.1, 0.5]) },
  {
    stitch: 1,
    kind: "E2H",
    after: 4,
    models: [0, 1, 2, 3],
    gates: rows.map((row) => [1 - row.reduce((sum, share) => sum + share, 0), ...row]),
  },
];

/** Texts in which experts 1 and 2 have gates that differ by up to `apart` of each other, and 3 goes its own way. */
function texts(apart: number, count: number, seed: number): TokenGates[][] {
  const source = random(seed, "gates");
  const between = (low: number, high: number) => low + (high - low) * source.float();
  return Array.from({ length: count }, () =>
    stitches(Array.from({ length: 20 }, () => {
      const gate = between(0.05, 0.3);
      return [gate, gate * (1 + between(-apart, apart)), between(0, 0.3)];
    })));
}

Deno.test("`gatePairs()` finds the two experts whose gates are alike, and tells by how much they differ", () => {
  const pairs = gatePairs(texts(0.1, 30, 1), 3);
  assert.deepEqual(pairs.map(({ experts }) => experts).length, 3);
  const [first, ...others] = pairs;
  assert.deepEqual(first!.experts, [1, 2]);
  // |d| / (2 + d) for d uniform in ±0.1: a quarter of 0.1.
  assert.ok(Math.abs(first!.difference - 0.025) < 0.005, String(first!.difference));
  assert.ok(first!.interval![0] < first!.difference && first!.difference < first!.interval![1]);
  assert.ok(first!.correlation! > 0.95 && Math.abs(others[0]!.correlation!) < 0.2);
  assert.deepEqual(pairs.map((pair) => isAlike(pair)), [true, false, false]);
});

Deno.test("equal gates differ by 0, and gates that are never both open by 1", () => {
  const pairs = gatePairs([stitches([[0.2, 0.2, 0], [0.3, 0.3, 0]]), stitches([[0.1, 0.1, 0]])], 3);
  const of = (a: number, b: number) => pairs.find(({ experts }) => experts[0] === a && experts[1] === b)!;
  assert.equal(of(1, 2).difference, 0);
  assert.deepEqual(of(1, 2).interval, [0, 0]);
  assert.ok(Math.abs(of(1, 2).correlation! - 1) < 1e-12);
  assert.equal(of(1, 3).difference, 1);
  assert.equal(of(1, 3).correlation, null);
});

Deno.test("one text gives no interval, so nothing is surely alike", () => {
  const [pair] = gatePairs([stitches([[0.2, 0.2, 0.1]])], 3);
  assert.deepEqual([pair!.interval, isAlike(pair!)], [null, false]);
});

Deno.test("the interval covers the difference of many texts in about 95 of 100 samples", () => {
  const truth = gatePairs(texts(0.4, 3000, 7), 3).find(({ experts }) => experts.join() === "1,2")!.difference;
  let covered = 0;
  for (let seed = 100; seed < 300; seed++) {
    const [low, high] = gatePairs(texts(0.4, 12, seed), 3)[0]!.interval!;
    if (low <= truth && truth <= high) covered++;
  }
  assert.ok(covered >= 180 && covered <= 200, `${covered} of 200, seeds 100 to 299`);
});
