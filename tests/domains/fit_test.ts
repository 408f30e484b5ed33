// Clusters of mixed built-in text without labels against the labels, and against scikit-learn on the same terms.
import assert from "node:assert/strict";
import { fitClusters } from "../../lib/domains/clusters.ts";
import { fitRows, fitTfIdf, tfIdfSpace } from "../../lib/domains/space.ts";
import { truncatedSvd } from "../../lib/domains/svd.ts";
import { kMeans } from "../../lib/domains/k-means.ts";
import { meanInterval } from "../../lib/statistics.ts";
import { fixture } from "./fixture.ts";
import { labeledTexts, LABELS } from "./labeled.ts";
import { adjustedRandIndex } from "../../lib/domains/rand-index.ts";

const { texts, labels } = await labeledTexts();
const rows = fitRows(texts);
const model = fitTfIdf(rows, 100, 1);
const points = (await tfIdfSpace(model).points(texts)).map(({ point }) => point);
const interval = (values: readonly number[]) => {
  const { mean, halfWidth } = meanInterval(values);
  return { mean, low: mean - halfWidth, high: mean + halfWidth };
};

Deno.test("the adjusted Rand index is scikit-learn's", () => {
  for (const { a, b, index } of fixture.randIndices) assert.ok(Math.abs(adjustedRandIndex(a, b) - index) < 1e-12);
});

Deno.test("tf-idf and its singular values are scikit-learn's", () => {
  assert.equal(texts.length, fixture.documents);
  assert.equal(rows.vocabulary.terms.length, fixture.terms, "the built-in text changed: run make_clusters.py again");
  assert.equal(rows.rows.reduce((sum, { indices }) => sum + indices.length, 0), fixture.entries);
  const { values, size } = truncatedSvd(rows.rows, fixture.terms, 100, 2);
  assert.equal(size, 100);
  values.forEach((value, at) => {
    // The last of them are found least exactly, as in every randomized method.
    const tolerance = at < 40 ? 1e-3 : 3e-2;
    const wanted = fixture.singularValues[at]!;
    assert.ok(Math.abs(value - wanted) < tolerance * wanted, `${at}: ${value}, not ${wanted}`);
  });
});

Deno.test("k-means finds what scikit-learn's finds on the same features", () => {
  const found = Array.from({ length: 10 }, (_, seed) => kMeans(points, LABELS.length, { seed, balanced: false }));
  const ours = interval(found.map(({ clusters }) => adjustedRandIndex(clusters, labels)));
  const theirs = interval(fixture.kMeans.map(({ randIndex }) => randIndex));
  assert.ok(ours.high > theirs.low && theirs.high > ours.low, JSON.stringify({ ours, theirs }));
  const least = (list: readonly { inertia: number }[]) => Math.min(...list.map(({ inertia }) => inertia));
  assert.ok(least(found) < 1.005 * least(fixture.kMeans), `${least(found)}, not ${least(fixture.kMeans)}`);
});

Deno.test("balanced clusters recover known domains of equal sizes better than scikit-learn's k-means", () => {
  const ours = interval(
    Array.from({ length: 5 }, (_, seed) => {
      const { members } = fitClusters(points, LABELS.length, { seed, balanced: true });
      return adjustedRandIndex(members, labels);
    }),
  );
  const theirs = interval(fixture.kMeans.map(({ randIndex }) => randIndex));
  assert.ok(ours.low > 0.85 && ours.low > theirs.high, JSON.stringify({ ours, theirs }));
});
