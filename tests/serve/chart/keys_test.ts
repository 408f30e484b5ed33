// Keys on a chart.
import assert from "node:assert/strict";
import { keyAction } from "../../../lib/serve/client/chart/keys.ts";

const shown = { x: [0, 10, 20, 30, 40], place: 20, range: [0, 40], zoomed: false } as const;
const key = (key: string, more: Partial<typeof shown | object> = {}, held: object = {}) =>
  keyAction({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held }, { ...shown, ...more });

Deno.test("arrows move from point to point, and with Shift the part that is shown", () => {
  assert.deepEqual(key("ArrowRight"), { kind: "move", place: 30 });
  assert.deepEqual(key("ArrowLeft"), { kind: "move", place: 10 });
  assert.deepEqual(key("ArrowRight", { place: undefined, range: [10, 30] }), { kind: "move", place: 10 });
  assert.deepEqual(key("ArrowLeft", { place: undefined, range: [10, 30] }), { kind: "move", place: 30 });
  assert.equal(key("ArrowRight", { place: 40 }), undefined);
  assert.deepEqual(key("Home"), { kind: "move", place: 0 });
  assert.deepEqual(key("End", { range: [5, 35] }), { kind: "move", place: 30 });
  assert.equal(key("ArrowRight", {}, { shiftKey: true }), undefined, "nothing to move while all is shown");
  assert.deepEqual(key("ArrowRight", { range: [0, 20], zoomed: true }, { shiftKey: true }), {
    kind: "zoom",
    range: [5, 25],
  });
});

Deno.test("plus and minus zoom around the cursor, 0 shows all, and keys of the browser stay its own", () => {
  assert.deepEqual(key("+"), { kind: "zoom", range: [10, 30] });
  assert.deepEqual(key("+", { place: 0 }), { kind: "zoom", range: [0, 20] });
  assert.deepEqual(key("-", { range: [10, 30], zoomed: true }), { kind: "zoom", range: [0, 40] });
  assert.equal(key("-"), undefined);
  assert.deepEqual(key("0"), { kind: "zoom", range: undefined });
  assert.equal(key("Escape"), undefined);
  assert.deepEqual([key("l"), key("F")], [{ kind: "log" }, { kind: "full" }]);
  for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    assert.equal(key("0", {}, held), undefined);
  }
  assert.equal(key("x"), undefined);
});
