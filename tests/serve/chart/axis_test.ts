// The axes of a chart: labels stand where there is something to label.
import assert from "node:assert/strict";
import { placeLabel, placeTicks } from "../../../lib/serve/client/chart/axis.ts";

Deno.test("no two labels of steps are the same, however few steps there are", () => {
  for (const last of [1, 2, 3, 4, 7, 10, 400, 123_456]) {
    const labels = placeTicks("step", 0, last, 10).map((place) => placeLabel("step", place));
    assert.equal(new Set(labels).size, labels.length, labels.join(" "));
    assert.ok(labels.length >= 2);
  }
  assert.ok(placeTicks("time", 0, 2, 10).some((place) => !Number.isInteger(place)));
});
