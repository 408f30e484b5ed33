// What a chart says of itself, and the smoothing that it begins with.
import assert from "node:assert/strict";
import { autoWeight } from "../../../lib/serve/client/chart/texts.ts";

const names = (points: number, steps: number) => [
  { cell: "seed", title: "Seed", steps, metrics: [{ name: "loss", points, step: points, last: 1 }] },
];

Deno.test("the longer a curve will be the more it is smoothed, and never so much that nothing new counts", () => {
  assert.equal(autoWeight([], ["loss"]), 0);
  assert.equal(autoWeight(names(100, 5_000), ["loss"]), 0.99);
  assert.equal(autoWeight(names(100, 5_000), ["lr"]), 0);
  for (const steps of [100_000, 101_000, 1_000_000, 1e9]) {
    assert.equal(autoWeight(names(100_000, steps), ["loss"]), 0.999);
  }
});
