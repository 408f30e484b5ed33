// Names in a legend: what differs, and nothing else.
import assert from "node:assert/strict";
import type { ComparedRow } from "../../../lib/run/mod.ts";
import { labelsOf } from "../../../lib/serve/compare/labels.ts";

const columns = (...titles: readonly string[]) =>
  titles.map((title, i) => ({ id: `20261122-10101${i}-bts-demo-aaa${i}`, title, status: "done" }));
const label = (settings: readonly ComparedRow[], made: readonly ComparedRow[] = [], titles = ["Run", "Run"]) =>
  labelsOf({ columns: columns(...titles), settings, made });

Deno.test("runs are named by the settings in which they differ, with keys as short as they can be", () => {
  assert.deepEqual(
    label([{ key: "model.width", values: [64, 128] }], [
      { key: "seed", values: [1, 2] },
      { key: "versions.deno", values: ["2.8", "2.9"] },
    ]),
    ["seed 1, width 64", "seed 2, width 128"],
  );
  assert.deepEqual(
    label([
      { key: "train.seed.steps", values: [1, undefined] },
      { key: "train.stitch.steps", values: [["a"], "x".repeat(50)] },
    ]),
    ['seed.steps 1, stitch.steps ["a"]', `seed.steps none, stitch.steps ${"x".repeat(10)}…${"x".repeat(17)}`],
  );
  const files = ["a", "b"].map((name) => `/data/somewhere/far/below/texts/${name}.txt`);
  const [first = "", second = ""] = label([{ key: "data.files", values: files }]);
  assert.match(first, /a\.txt$/);
  assert.match(second, /b\.txt$/);
  // "seed" alone is the random seed.
  assert.deepEqual(
    label([{ key: "pretrained.seed", values: [undefined, "smollm2"] }]),
    ["pretrained.seed none", "pretrained.seed smollm2"],
  );
});

Deno.test("runs that do not differ are named by their titles, and names are never the same", () => {
  assert.deepEqual(label([], [], ["One", "Two"]), ["One", "Two"]);
  assert.deepEqual(label([], [], ["Run", "Run"]), ["Run · aaa0", "Run · aaa1"]);
  assert.deepEqual(
    label([{ key: "width", values: [1, 1, 2] }], [], ["A", "B", "C"]),
    ["width 1 · aaa0", "width 1 · aaa1", "width 2"],
  );
});

Deno.test("of many settings, those are named that tell the most runs apart", () => {
  const settings = [
    { key: "a", values: [1, 1, 1, 2] },
    { key: "b", values: [1, 1, 2, 2] },
    { key: "c", values: [1, 2, 1, 2] },
    { key: "d", values: [1, 1, 2, 2] },
  ];
  assert.deepEqual(label(settings, [], ["A", "B", "C", "D"]), ["b 1, c 1", "b 1, c 2", "b 2, c 1", "b 2, c 2"]);
});
