// A view without its curves.
import assert from "node:assert/strict";
import { foldEvents } from "../../../lib/run/view/view.ts";
import { countsSteps } from "../../../lib/run/view/progress.ts";
import { recentPoints, withRecentPoints } from "../../../lib/run/view/recent-points.ts";
import { secondsLeft, shareDone } from "../../../lib/run/view/time-left.ts";
import { demoBodies, stamp } from "../demo-log.ts";

Deno.test("`withRecentPoints()` keeps the pace, the progress and the last value of every metric", () => {
  const view = foldEvents(stamp(demoBodies({ id: "r", steps: 5_000 }), new Date(0), 20))!;
  const recent = withRecentPoints(view);
  assert.ok(recent.cells.every(({ metrics }) => metrics.length < 60));
  const last = (points: typeof view.cells[number]["metrics"]) =>
    Object.assign({}, ...points.map(({ values }) => values)) as object;
  for (const [i, cell] of view.cells.entries()) {
    const kept = recent.cells[i]!;
    assert.deepEqual(last(kept.metrics), last(cell.metrics));
    assert.deepEqual([secondsLeft(kept), shareDone(kept), countsSteps(kept)], [
      secondsLeft(cell),
      shareDone(cell),
      countsSteps(cell),
    ]);
    assert.deepEqual({ ...kept, metrics: [] }, { ...cell, metrics: [] });
  }
  assert.equal(view.cells[2]!.metrics.length, 5_000, "the view itself is as it was");
});

Deno.test("`recentPoints()` keeps rare metrics from long ago, in order, and is the same when applied again", () => {
  const points = Array.from({ length: 1_000 }, (_, step) => ({
    step,
    time: "",
    values: step === 3 ? { rare: 1 } : step === 7 ? { loss: 2, other: null } : { loss: step },
  }));
  const kept = recentPoints(points as Parameters<typeof recentPoints>[0]);
  assert.deepEqual(kept.slice(0, 2).map(({ step }) => step), [3, 7]);
  assert.equal(kept.length, 52);
  assert.deepEqual(recentPoints(kept), kept);
  assert.deepEqual(recentPoints([]), []);
});
