// Selecting trials on axes.
import assert from "node:assert/strict";
import { parallelCoordinates } from "../../../lib/run/mod.ts";
import { brushAfterKey, selectedTrials } from "../../../lib/serve/client/sweep/brush.ts";

const trials = [1, 2, 3, 5].map((n, i) => ({ trial: i + 1, settings: { n: String(n) }, seed: 1, value: 10 - n }));
const coordinates = parallelCoordinates({ keys: ["n"], ranges: [] }, trials, { text: "bpb", better: "lower" })!;

Deno.test("`selectedTrials()` gives those within every selected part, ends included", () => {
  const selected = (brushes: [string, readonly [number, number]][]) => selectedTrials(coordinates, new Map(brushes));
  assert.equal(selected([]), undefined);
  assert.equal(selected([["not an axis", [0, 0.1]]]), undefined);
  assert.deepEqual([...selected([["n", [0, 0.5]]])!].sort(), [1, 2, 3]);
  assert.deepEqual([...selected([["n", [0, 0.5]], ["bpb", [0, 0.5]]])!], [3]);
  assert.deepEqual([...selected([["n", [0.6, 0.9]]])!], []);
});

const key = (key: string, share?: readonly [number, number], held = {}) =>
  brushAfterKey({ key, shiftKey: false, altKey: false, ...held }, share);
const close = (actual: unknown, expected: readonly number[]) =>
  (actual as number[]).forEach((one, i) => assert.ok(Math.abs(one - expected[i]!) < 1e-12, `${actual}`));

Deno.test("`brushAfterKey()` begins, moves, resizes and clears, and stays on the axis", () => {
  assert.deepEqual([key("ArrowUp"), key("ArrowDown")], [[0.75, 1], [0, 0.25]]);
  close(key("ArrowDown", [0.75, 1]), [0.7, 0.95]);
  close(key("ArrowUp", [0.75, 1]), [0.75, 1]);
  close(key("ArrowDown", [0, 0.25]), [0, 0.25]);
  close(key("ArrowUp", [0, 0.25], { shiftKey: true }), [0, 0.3]);
  close(key("ArrowDown", [0.5, 0.55], { shiftKey: true }), [0.5, 0.55]);
  close(key("ArrowDown", [0.5, 0.6], { altKey: true }), [0.45, 0.6]);
  assert.deepEqual([key("Escape", [0, 1]), key("Escape"), key("a", [0, 1])], [null, undefined, undefined]);
});
