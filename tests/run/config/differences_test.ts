// What differs between configurations.
import assert from "node:assert/strict";
import { configDifferences, keysOf, leavesOf } from "../../../lib/run/config/differences.ts";

Deno.test("`configDifferences()` lists the settings that differ, and those that only one side has", () => {
  const a = { width: 1, steps: 2, list: [1, 2], nested: { kept: null } };
  const b = { width: 1, steps: 3, list: [1, 3], nested: { kept: null, added: "x" } };
  assert.deepEqual(configDifferences(a, b), [
    { key: "steps", a: 2, b: 3 },
    { key: "list", a: [1, 2], b: [1, 3] },
    { key: "nested.added", b: "x" },
  ]);
  assert.deepEqual(configDifferences(a, a), []);
});

Deno.test("a group that is empty on one side only is told by its members", () => {
  const [empty, full] = [{ pretrained: {} }, { pretrained: { seed: "smollm2" } }];
  assert.deepEqual(configDifferences(empty, full), [{ key: "pretrained.seed", b: "smollm2" }]);
  assert.deepEqual(configDifferences(full, empty), [{ key: "pretrained.seed", a: "smollm2" }]);
  assert.deepEqual(configDifferences(empty, {}), [{ key: "pretrained", a: {} }]);
  assert.deepEqual(keysOf([empty, empty].map((side) => leavesOf(side))), ["pretrained"]);
  // A value is never left out.
  assert.deepEqual(configDifferences({ x: 1 }, { x: { y: 2 } }), [{ key: "x", a: 1 }, { key: "x.y", b: 2 }]);
  assert.deepEqual(keysOf([new Map([["lr=1", "a"]]), new Map([["lr=1", "b"], ["lr=1.5", "c"]])]), ["lr=1", "lr=1.5"]);
  // A name that only begins alike is another setting.
  assert.deepEqual(configDifferences({ data: {} }, { dataset: { x: 1 } }), [
    { key: "data", a: {} },
    { key: "dataset.x", b: 1 },
  ]);
});
