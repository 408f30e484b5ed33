// Lines of a chart: smoothed in front of raw, on common places, masked where an axis cannot show them.
import assert from "node:assert/strict";
import { curvesOfRuns } from "../../../lib/serve/client/chart/curves.ts";
import { drawingOf, extentOf, isolated, valueNear } from "../../../lib/serve/client/chart/lines.ts";
import { sampleCell, sampleSeries } from "./sample.ts";

const NONE: ReadonlySet<string> = new Set();
const drawn = (log: boolean, hidden: ReadonlySet<string>, ...series: ReturnType<typeof sampleSeries>[]) =>
  drawingOf(curvesOfRuns([{ run: "r", cells: [sampleCell("seed", ...series)] }], []), { log, hidden });

Deno.test("noisy metrics are drawn smoothed in front of their raw values, validation as it is", () => {
  const loss = sampleSeries("loss", [4, 2, 6], { smooth: [4, 3, 4] });
  const validation = sampleSeries("validation", [5, 3], { step: [1, 3], smooth: [5, 4] });
  const { x, lines } = drawn(false, NONE, loss, validation);
  assert.deepEqual(x, [1, 2, 3]);
  assert.deepEqual(lines.map(({ curve, faint, values }) => [curve.metric, faint, values]), [
    ["loss", true, [4, 2, 6]],
    ["loss", false, [4, 3, 4]],
    ["validation", false, [5, undefined, 3]],
  ]);
  assert.deepEqual(drawn(false, new Set(["r seed loss"]), loss, validation).lines.map(({ curve }) => curve.metric), [
    "validation",
  ]);
});

Deno.test("a logarithmic axis masks and counts what it cannot show", () => {
  const gate = sampleSeries("gate", [0, 0.5, -1, null, 2]);
  assert.deepEqual(drawn(true, NONE, gate).lines[0]!.values, [null, 0.5, null, null, 2]);
  assert.deepEqual([drawn(true, NONE, gate).masked, drawn(true, NONE, gate).broken], [2, 1]);
  assert.deepEqual([drawn(false, NONE, gate).masked, drawn(false, NONE, gate).broken], [0, 1]);
  // The counts are those before thinning.
  assert.equal(drawn(true, NONE, sampleSeries("gate", [0, 1], { notPositive: 700 })).masked, 700);
});

Deno.test("points at one place, such as steps within a millisecond, do not disorder a line", () => {
  const { x, lines } = drawn(false, NONE, sampleSeries("loss", [3, 2, 1], { x: [0.5, 0.5, 1] }));
  assert.deepEqual([x, lines[0]!.values], [[0.5, 1], [2, 1]]);
});

Deno.test("`isolated()` finds the points that no line reaches", () => {
  assert.deepEqual(isolated([3]), [0]);
  assert.deepEqual(isolated([]), []);
  assert.deepEqual(isolated([undefined, 3, undefined]), [1]);
  assert.deepEqual(isolated([1, 2]), []);
  assert.deepEqual(isolated([1, undefined, 2]), [], "a step without a value is drawn across");
  assert.deepEqual(isolated([1, null, 2, 3, null, undefined, 4]), [0, 6], "a value that is not finite is a gap");
  assert.deepEqual(isolated([null, 1, null]), [1]);
});

Deno.test("`extentOf()` and `valueNear()` read a part and a place", () => {
  const drawing = drawn(false, NONE, sampleSeries("loss", [9, 4, 2, null, 7], { step: [1, 2, 4, 5, 9] }));
  assert.deepEqual([extentOf(drawing), extentOf(drawing, 2, 4), extentOf(drawing, 5, 8)], [[2, 9], [2, 4], undefined]);
  const near = (place: number) => valueNear(drawing, drawing.lines[0]!, place);
  assert.deepEqual([near(0), near(2.2), near(5), near(100)], [
    { at: 1, value: 9 },
    { at: 2, value: 4 },
    { at: 5, value: null },
    { at: 9, value: 7 },
  ]);
});
