// The view of a sweep in its URL.
import assert from "node:assert/strict";
import { queryOf, readView, unknownNames } from "../../../lib/serve/client/sweep/view.ts";

Deno.test("a view is read as it was written, whatever axes are called", () => {
  const view = {
    metric: "stitch/loss:min",
    sort: "set.train.lr",
    descending: true,
    by: "a:b&c",
    brushes: new Map([["a:b&c", [0.125, 0.5] as const], ["seed", [0, 1] as const]]),
  };
  assert.deepEqual(readView(queryOf(view)), { view, faults: [] });
  const first = readView("").view;
  assert.equal(queryOf(first), "");
});

Deno.test("what cannot be read is named, and the rest counts", () => {
  const { view, faults } = readView("?metric=bpb&brush=oops&brush=n:0.5:0.2&brush=n:0:7&brush=n:0.1:0.2");
  assert.deepEqual([view.metric, [...view.brushes]], ["bpb", [["n", [0.1, 0.2]]]]);
  assert.equal(faults.length, 3);
  for (const fault of faults) assert.match(fault, /^Cannot read brush=.*expected <axis>:<from>:<to>/);
});

Deno.test("what a view names and the sweep does not have is named", () => {
  const names = { columns: ["trial", "set.n"], settings: ["n"], metric: "bpb" };
  const faults = (query: string) => unknownNames(readView(query).view, names);
  assert.deepEqual(faults("?sort=-set.n&by=n&brush=n:0:0.5&brush=bpb:0:1"), []);
  assert.deepEqual(faults(""), []);
  const found = faults("?sort=-oops&by=oops&brush=oops:0:0.5&brush=n:0:0.5");
  assert.deepEqual(found.map((text) => text.match(/says (\w+)=oops.* no such (\w+)/)!.slice(1)), [
    ["sort", "column"],
    ["by", "setting"],
    ["brush", "axis"],
  ]);
  assert.match(found[2]!, /expected n, bpb$/);
});
