// Balanced assignment against SciPy's, and its properties on random costs.
import assert from "node:assert/strict";
import { assignBalanced } from "../../lib/domains/balance.ts";
import { random } from "../../lib/random.ts";
import { fixture } from "./fixture.ts";

const SEED = Date.now() % 1_000_000;
console.log(`seed ${SEED}`);

const sizesOf = (clusters: Int32Array, k: number) =>
  Array.from({ length: k }, (_, j) => clusters.filter((cluster) => cluster === j).length);
const costOf = (costs: ArrayLike<number>, clusters: Int32Array, k: number) =>
  clusters.reduce((sum, cluster, i) => sum + costs[i * k + cluster]!, 0);

Deno.test("the total cost is the least, as SciPy's linear_sum_assignment has it", () => {
  for (const { sizes, costs, least } of fixture.assignments) {
    // Whole costs are exact with a raise below 1 / n.
    const { clusters } = assignBalanced(Float64Array.from(costs), sizes, 0.5 / (costs.length / sizes.length));
    assert.deepEqual(sizesOf(clusters, sizes.length), sizes);
    assert.equal(costOf(costs, clusters, sizes.length), least);
  }
});

Deno.test("sizes are exact, and prices explain the assignment, for any costs and any start", () => {
  const draw = random(SEED, "balance");
  for (let trial = 0; trial < 60; trial++) {
    const k = draw.between(1, 7);
    const sizes = Array.from({ length: k }, () => draw.between(trial % 3 === 0 ? 0 : 1, 12));
    const n = sizes.reduce((sum, size) => sum + size, 0);
    // Some points are alike, and some equally far from all centers.
    const costs = Float64Array.from({ length: n * k }, () => trial % 4 === 0 ? draw.int(2) : draw.float());
    const tolerance = 1e-4;
    const start = Float64Array.from({ length: k }, () => draw.float());
    const { clusters, prices } = assignBalanced(costs, sizes, tolerance, start);
    assert.deepEqual(sizesOf(clusters, k), sizes);
    for (let i = 0; i < n; i++) {
      const value = (j: number) => costs[i * k + j]! + prices[j]!;
      for (let j = 0; j < k; j++) {
        if (sizes[j]! > 0) assert.ok(value(clusters[i]!) <= value(j) + tolerance + 1e-9, `trial ${trial}, point ${i}`);
      }
    }
  }
});

Deno.test("sizes that do not sum to the points are refused", () => {
  assert.throws(() => assignBalanced(new Float64Array(6), [1, 1], 0.1), /sum to 2, and there are 3 points/);
});
