// K-means: sizes, seeds, and points that leave no choice.
import assert from "node:assert/strict";
import { kMeans } from "../../lib/domains/k-means.ts";
import { random } from "../../lib/random.ts";

const SEED = Date.now() % 1_000_000;
console.log(`seed ${SEED}`);

const cloud = (n: number, size: number, name: string) => {
  const draw = random(SEED, name);
  return Array.from({ length: n }, () => Float64Array.from({ length: size }, () => draw.normal()));
};
const sizesOf = (clusters: Int32Array, k: number) =>
  Array.from({ length: k }, (_, j) => clusters.filter((cluster) => cluster === j).length);

Deno.test("balanced sizes differ by at most one, whatever the points", () => {
  const draw = random(SEED, "sizes");
  for (let trial = 0; trial < 20; trial++) {
    const n = draw.between(4, 120), k = draw.between(2, Math.min(9, n));
    const points = trial % 4 === 0 ? cloud(2, 3, `few ${trial}`) : cloud(n, 3, `cloud ${trial}`);
    const many = Array.from({ length: n }, (_, i) => points[i % points.length]!);
    const { clusters } = kMeans(many, k, { seed: trial, starts: 1 });
    const sizes = sizesOf(clusters, k);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${n} points: ${sizes}`);
  }
});

Deno.test("clouds that are far apart are found, balanced or not, and a seed gives the same again", () => {
  const points = [0, 10, 20].flatMap((at, i) =>
    cloud(30, 2, `at ${i}`).map((point) => point.map((value) => value + at))
  );
  for (const balanced of [true, false]) {
    const found = kMeans(points, 3, { seed: 5, balanced });
    for (let group = 0; group < 3; group++) {
      assert.equal(new Set(found.clusters.slice(30 * group, 30 * group + 30)).size, 1);
    }
    assert.deepEqual(kMeans(points, 3, { seed: 5, balanced }), found);
  }
});
