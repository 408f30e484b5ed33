// Where the job of a cell is: in a run's view, and in words.
import assert from "node:assert/strict";
import { foldEvents } from "../../../lib/run/view/view.ts";
import { jobText } from "../../../lib/run/view/job-text.ts";
import type { RunEvent } from "../../../lib/run/events/events.ts";

const time = "2026-12-01T00:00:00.000Z";
const waits = { job: "12_0", state: "pending", node: "", reason: "Priority" };
const runs = { job: "12_0", state: "running", node: "n1", reason: "" };
const lost = { job: "12_0", state: "node fail", node: "n1", reason: "" };

Deno.test("a job is told in the usual words", () => {
  assert.equal(jobText(waits), "job 12_0 waits (Priority)");
  assert.equal(jobText(runs), "job 12_0 runs on n1");
  assert.equal(jobText(lost), "job 12_0 is node fail on n1");
});

Deno.test("a cell's view has its job from before it starts until after it has ended", () => {
  const cell = "expert:code";
  const bodies = [
    { kind: "cell.job", cell, ...waits },
    { kind: "cell.start", cell, title: "", description: "", cellKey: "k" },
    { kind: "cell.job", cell, ...runs },
    { kind: "cell.resume", cell, step: 0 },
    { kind: "cell.end", cell, status: "done", seconds: 1, summary: "" },
  ] as const;
  const jobs = bodies.map((_, i) =>
    foldEvents(bodies.slice(0, i + 1).map((body, seq) => ({ seq, time, ...body }) as RunEvent))!.cells[0]!.job
  );
  assert.deepEqual(jobs, [waits, waits, runs, runs, runs]);
});
