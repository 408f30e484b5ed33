// Drift: what chance explains.
import assert from "node:assert/strict";
import type { Clustering } from "../../lib/domains/mod.ts";
import { driftOf } from "../../lib/domains/drift.ts";
import { emptyTally } from "../../lib/domains/tally.ts";
import { random } from "../../lib/random.ts";

const SEED = Date.now() % 1_000_000;
console.log(`seed ${SEED}`);

/** Counts of `total` documents in clusters of these shares. */
function drawn(shares: readonly number[], total: number, draw: ReturnType<typeof random>): number[] {
  const counts = shares.map(() => 0);
  for (let i = 0; i < total; i++) {
    let left = draw.float();
    const at = shares.findIndex((share) => (left -= share) < 0);
    counts[at < 0 ? shares.length - 1 : at]!++;
  }
  return counts;
}

function driftBetween(before: readonly number[], after: readonly number[]) {
  const tally = emptyTally(after.length);
  tally.terms = 100;
  after.forEach((documents, at) => tally.clusters[at]!.documents = documents);
  const clusters = before.map((documents, at) => ({
    name: `c${at}`,
    documents,
    far: 0,
    distance: 0,
    distanceDeviation: 0,
  }));
  const documents = before.reduce((a, b) => a + b);
  const clustering = { clusters, documents, far: 0, unknownTerms: 0, settings: { leaveFar: false } };
  return driftOf(clustering as unknown as Clustering, tally);
}

Deno.test("without drift, the divergence is what is said of chance, and is rarely called drift", () => {
  const draw = random(SEED, "drift");
  const shares = [0.1, 0.2, 0.3, 0.4];
  const drifts = Array.from(
    { length: 400 },
    () => driftBetween(drawn(shares, 800, draw), drawn(shares, 400, draw)),
  );
  const mean = drifts.reduce((sum, { divergence }) => sum + divergence, 0) / drifts.length;
  const { divergenceByChance } = drifts[0]!;
  // Of 400 draws, the mean has a standard deviation of 4 %.
  assert.ok(Math.abs(mean / divergenceByChance - 1) < 0.2, `${mean}, not ${divergenceByChance}`);
  const called = drifts.filter(({ findings }) => findings.length > 0).length;
  assert.ok(called <= 20, `${called} of 400`);
});

/** Drift between clusters of these documents with normal distances: mean 0.5 + at / 10, and 0.1 around it. */
function distancesBetween(before: readonly number[], after: readonly number[], shift: number, name: string) {
  const draw = random(SEED, name);
  const sample = (count: number, mean: number) => Array.from({ length: count }, () => mean + 0.1 * draw.normal());
  const sums = (values: readonly number[]) => ({
    documents: values.length,
    distance: values.reduce((a, b) => a + b, 0),
    distanceSquares: values.reduce((a, b) => a + b * b, 0),
  });
  const tally = emptyTally(after.length);
  after.forEach((count, at) => Object.assign(tally.clusters[at]!, sums(sample(count, 0.5 + at / 10 + shift))));
  const clusters = before.map((count, at) => {
    const { documents, distance, distanceSquares } = sums(sample(count, 0.5 + at / 10));
    const mean = distance / documents;
    const distanceDeviation = Math.sqrt(distanceSquares / documents - mean ** 2);
    return { name: `c${at}`, documents, far: 0, distance: mean, distanceDeviation };
  });
  const documents = before.reduce((a, b) => a + b);
  const clustering = { clusters, documents, far: 0, unknownTerms: 0, settings: { leaveFar: false } };
  return driftOf(clustering as unknown as Clustering, tally).distance;
}

Deno.test("other shares alone do not make documents farther from their centers", () => {
  // The second cluster is wider, and most new documents are in it.
  for (const after of [[20, 380], [0, 400], [3, 3], [0, 1]]) {
    const draws = Array.from({ length: 200 }, (_, i) => distancesBetween([400, 400], after, 0, `${after} ${i}`));
    const outside = draws.filter(({ low, high }) => low > 0 || high < 0).length;
    // 5 % of 200 are 10; more than 24 have a probability below 1e-4.
    assert.ok(outside <= 24, `${outside} of 200 with ${after}`);
  }
});

Deno.test("documents farther from their centers than at the discovery are told, by how much", () => {
  const { difference, low, high } = distancesBetween([400, 400], [20, 380], 0.05, "shift");
  assert.ok(low > 0 && low < difference && difference < high, `${difference} [${low}, ${high}]`);
  assert.ok(Math.abs(difference - 0.05) < 0.04, String(difference));
});

Deno.test("all documents in another cluster diverge by one bit", () => {
  const { divergence, findings } = driftBetween([100, 0], [0, 100]);
  assert.equal(divergence, 1);
  assert.match(findings.join(), /1\.000 bits/);
});
