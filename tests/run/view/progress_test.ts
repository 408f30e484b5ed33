// Progress lines and durations.
import assert from "node:assert/strict";
import { applyEvent } from "../../../lib/run/view/view.ts";
import type { CellView, RunView } from "../../../lib/run/events/views.ts";
import { formatSeconds, progressLine } from "../../../lib/run/view/progress.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";

Deno.test("`progressLine()` tells share, step, loss, speed and the time left at the pace so far", () => {
  const at = (seconds: number) => new Date(1e12 + seconds * 1000).toISOString();
  let view: RunView | undefined;
  const apply = (event: object, seconds: number) =>
    view = applyEvent(view, { seq: 0, time: at(seconds), ...event } as RunEvent);
  apply({ kind: "run.start", run: "r", plan: [{ cell: "seed", title: "Seed" }] }, 0);
  apply({ kind: "cell.start", cell: "seed", title: "Seed", description: "", cellKey: "k" }, 0);
  apply({ kind: "metrics", cell: "seed", step: 10, steps: 100, values: { loss: 5 } }, 20);
  apply({ kind: "metrics", cell: "seed", step: 50, steps: 100, values: { loss: 4, tokensPerSecond: 9_900 } }, 40);
  // 40 steps took 20 s after the first point, so 50 more take 25 s.
  const line = progressLine(view!.cells[0]!, 1e12 + 40_000, 200);
  assert.equal(
    line,
    "seed                 ████████░░░░░░░░  50 % · step 50/100 · loss 4.000 · 9.9k tokens/s · 25 s left",
  );
  assert.equal(progressLine(view!.cells[0]!, 1e12, 10).length, 10);
});

Deno.test("`progressLine()` tells the share alone of a cell that does not train", () => {
  const cell = { name: "evaluate", metrics: [{ step: 1017, time: "", values: {} }], steps: 2034, startedAt: null };
  assert.equal(
    progressLine(cell as unknown as CellView, 0, 200),
    "evaluate             ████████░░░░░░░░  50 % · 0.0 s",
  );
});

Deno.test("`formatSeconds()` rounds without sixty seconds", () => {
  const seconds = [0, 9.94, 10, 59.4, 59.6, 3599.6, 3600, 7500];
  assert.deepEqual(seconds.map(formatSeconds), [
    "0.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "1 h 00 min",
    "1 h 00 min",
    "2 h 05 min",
  ]);
});

Deno.test("`progressLine()` counts wide letters by their width", () => {
  const cell = { metrics: [{ step: 1, time: "", values: {} }], steps: 2, startedAt: null };
  const line = (name: string, columns: number) =>
    progressLine({ ...cell, name } as unknown as CellView, 30_000, columns);
  assert.equal(line("法律", 200).indexOf("█"), line("law", 200).indexOf("█") - 2);
  for (let columns = 8; columns < 40; columns++) {
    const wide = [...line("expert:法律", columns)].filter((character) => "法律".includes(character)).length;
    assert(line("expert:法律", columns).length + wide <= columns);
  }
});
