// A comparison as it is in its URL.
import assert from "node:assert/strict";
import { compareAddress, type CompareView, readCompare } from "../../../lib/serve/client/compare/view.ts";

const read = (query: string) => readCompare(new URLSearchParams(query));

Deno.test("a comparison is its URL", () => {
  const views: readonly Partial<CompareView>[] = [
    {},
    { cells: ["expert:code", "a&b=c"], text: "changes", other: "b", sameNumbers: true },
    { chart: { metrics: ["loss", "validation/code"], cell: "", x: "tokens", log: true, smooth: 0.9 } },
    { chart: { cell: "stitch", smooth: 0 } },
  ];
  for (const part of views) {
    const view = { runs: ["a", "b"], cells: [], chart: {}, text: "console" as const, sameNumbers: false, ...part };
    const { view: again, problems } = read(compareAddress(view).replace("/compare", ""));
    assert.deepEqual([again, problems], [view, []]);
  }
});

Deno.test("what is malformed is left out, and said", () => {
  const { view, problems } = read("?run=a&run=a&run=b&x=miles&log=yes&smooth=1&text=dreams&numbers=all&nothing=1");
  assert.deepEqual(view, { runs: ["a", "b"], cells: [], chart: {}, text: "console", sameNumbers: false });
  assert.deepEqual(problems, [
    "Cannot read x=miles in the address: expected step, tokens, flops, time",
    "Cannot read log=yes in the address: expected 0 or 1",
    "Cannot read smooth=1 in the address: expected a weight from 0 to below 1",
    "Cannot read text=dreams in the address: expected console, changes, script, packages",
    "Cannot read numbers=all in the address: expected same",
  ]);
  const many = read(`?${Array.from({ length: 60 }, (_, i) => `run=${i}`).join("&")}`);
  assert.equal(many.view.runs.length, 50);
  assert.deepEqual(many.problems, ["The first 50 of 60 runs are compared"]);
  for (const text of ["1e999", "NaN", "-1", "", "__proto__", "constructor"]) {
    for (const name of ["x", "smooth", "text", "log", "numbers"]) {
      assert.equal(read(`?${name}=${text}`).problems.length, 1);
    }
  }
});
