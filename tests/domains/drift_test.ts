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

Deno.test("all documents in another cluster diverge by one bit", () => {
  const { divergence, findings } = driftBetween([100, 0], [0, 100]);
  assert.equal(divergence, 1);
  assert.match(findings.join(), /1\.000 bits/);
});
