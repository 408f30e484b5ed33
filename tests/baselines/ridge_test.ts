// DUME's routers as numbers: the solver, the regression, and adding a domain by a column.
import assert from "node:assert/strict";
import { solveSymmetric } from "../../lib/baselines/dume/cholesky.ts";
import {
  addStates,
  emptyRegression,
  emptySums,
  ridgeRouter,
  routedCounts,
  type StateSums,
  withDomain,
} from "../../lib/baselines/dume/ridge.ts";
import { random } from "../../lib/random.ts";

const OPTIONS = { lambda: 0.1, temperature: 0.1 };

/** Normal states around a center, `[tokens, d]`. */
function statesAround(center: readonly number[], tokens: number, deviation: number, seed: number): Float32Array {
  const source = random(seed, "states");
  return Float32Array.from(
    { length: tokens * center.length },
    (_, i) => center[i % center.length]! + deviation * source.normal(),
  );
}

function sumsOf(width: number, ...parts: readonly Float32Array[]): StateSums {
  const sums = emptySums(width);
  for (const states of parts) addStates(sums, states);
  return sums;
}

const regressionOf = (width: number, domains: readonly StateSums[]) =>
  domains.reduce(withDomain, emptyRegression(width));

/** `A X`, with A `[n, n]` and X `[n, m]`. */
function times(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const m = x.length / n;
  return Float64Array.from({ length: n * m }, (_, at) => {
    const [i, j] = [Math.floor(at / m), at % m];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k]! * x[k * m + j]!;
    return sum;
  });
}

Deno.test("`solveSymmetric()` solves random positive definite systems of every size", () => {
  for (const [n, m] of [[1, 1], [2, 3], [7, 1], [16, 5], [65, 4]] as const) {
    const source = random(n, "system");
    const root = Float64Array.from({ length: n * n }, () => source.normal());
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) a[i * n + j]! += root[i * n + k]! * root[j * n + k]!;
      }
      a[i * n + i]! += 0.1;
    }
    const b = Float64Array.from({ length: n * m }, () => source.normal());
    const back = times(a, solveSymmetric(a, b, n), n);
    const error = Math.max(...back.map((value, i) => Math.abs(value - b[i]!)));
    assert.ok(error < 1e-9, `${n}×${n}: (A X − B) is up to ${error}`);
  }
});

Deno.test("`solveSymmetric()` reads the lower triangle only, and changes neither argument", () => {
  const b = Float64Array.of(2, 1);
  const a = Float64Array.of(4, 99, 1, 3);
  const x = solveSymmetric(a, b, 2);
  assert.ok(Math.abs(4 * x[0]! + x[1]! - 2) < 1e-12 && Math.abs(x[0]! + 3 * x[1]! - 1) < 1e-12);
  assert.deepEqual([[...a], [...b]], [[4, 99, 1, 3], [2, 1]]);
});

Deno.test("`solveSymmetric()` refuses a matrix that is not positive definite", () => {
  for (const a of [[0], [-1], [NaN], [1, 0, 2, 1]]) {
    const n = Math.sqrt(a.length);
    assert.throws(() => solveSymmetric(Float64Array.from(a), new Float64Array(n), n), RangeError);
  }
});

Deno.test("`ridgeRouter()` solves (A + λI) W = B of the definition, with columns of length 1 over the temperature", () => {
  const [d, tokens] = [6, 40];
  const parts = [1, 2, 3].map((seed) => statesAround([seed, 0, -seed, 1, 0, 2], tokens, 2, seed));
  const { lambda, temperature } = OPTIONS;
  const router = ridgeRouter(regressionOf(d, parts.map((states) => sumsOf(d, states))), OPTIONS);

  // The same from the definition: every token with its one-hot domain.
  const n = d + 1;
  const a = new Float64Array(n * n);
  const b = new Float64Array(n * 3);
  parts.forEach((states, domain) => {
    for (let t = 0; t < tokens; t++) {
      const x = [...states.subarray(t * d, (t + 1) * d), 1];
      x.forEach((xi, i) => {
        x.forEach((xj, j) => a[i * n + j]! += xi * xj);
        b[i * 3 + domain]! += xi;
      });
    }
  });
  for (let i = 0; i < n; i++) a[i * n + i]! += lambda;
  for (let j = 0; j < 3; j++) {
    const column = [...router.weight.subarray(j * d, (j + 1) * d), router.bias[j]!].map((value) => value * temperature);
    assert.ok(Math.abs(Math.hypot(...column) - 1) < 1e-6, "columns have length 1");
    // (A + λI) times the column is a multiple of B's column.
    const product = times(a, Float64Array.from(column), n);
    const wanted = Float64Array.from({ length: n }, (_, i) => b[i * 3 + j]!);
    const scale = product[d]! / wanted[d]!;
    assert.ok(scale > 0);
    const largest = Math.max(...wanted.map(Math.abs));
    product.forEach((value, i) =>
      assert.ok(Math.abs(value / scale - wanted[i]!) < 1e-4 * largest, `${i}: ${value / scale} ${wanted[i]}`)
    );
  }
});

Deno.test("`ridgeRouter()` recovers the domains of separable states, however many tokens each has", () => {
  const d = 8;
  const centers = [0, 1, 2, 3].map((domain) => Array.from({ length: d }, (_, i) => i % 4 === domain ? 3 : 0));
  const parts = centers.map((center, i) => statesAround(center, [400, 30, 100, 200][i]!, 0.5, i + 1));
  const router = ridgeRouter(regressionOf(d, parts.map((states) => sumsOf(d, states))), OPTIONS);
  centers.forEach((center, domain) => {
    const counts = routedCounts(router, statesAround(center, 500, 0.5, 50 + domain)); // tokens not seen before
    assert.ok(counts[domain]! >= 490, `domain ${domain}: ${counts}`);
  });
  // Without separation a router can do no better than chance.
  const alike = [1, 2, 3, 4].map((seed) => sumsOf(d, statesAround(centers[0]!, 500, 1, seed)));
  const counts = routedCounts(ridgeRouter(regressionOf(d, alike), OPTIONS), statesAround(centers[0]!, 500, 1, 9));
  assert.ok(Math.max(...counts) < 400, String(counts));
});

Deno.test("a domain that is added by a column gives the same bits as a regression from scratch", () => {
  const d = 5;
  const parts = [1, 2, 3].map((seed) => statesAround([seed, -seed, 0, 1, 2], 30, 1, seed));
  const sums = parts.map((states) => sumsOf(d, states));
  const before = regressionOf(d, sums.slice(0, 2));
  const kept = structuredClone(before);
  const added = withDomain(before, sums[2]!);
  assert.deepEqual(before, kept, "the regression without it is unchanged");
  assert.deepEqual(added.columns.slice(0, 2), before.columns);
  assert.deepEqual(ridgeRouter(added, OPTIONS), ridgeRouter(regressionOf(d, sums), OPTIONS));
  assert.notDeepEqual(ridgeRouter(added, OPTIONS).weight.slice(0, 2 * d), ridgeRouter(before, OPTIONS).weight);
  // The order in which the tokens of a domain arrive matters to rounding only.
  const halves = sumsOf(d, parts[2]!.subarray(0, 10 * d), parts[2]!.subarray(10 * d));
  assert.deepEqual(halves, sums[2]);
});

Deno.test("sums are kept in double precision: many small states beside a large one count", () => {
  const sums = sumsOf(1, Float32Array.of(1e4), Float32Array.from({ length: 1000 }, () => 0.01));
  assert.ok(Math.abs(sums.products[0]! - (1e8 + 1000 * Math.fround(0.01) ** 2)) < 1e-4);
  assert.equal(sums.products[3], 1001);
});
