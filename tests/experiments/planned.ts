// Whether a run did what it had planned.
import assert from "node:assert/strict";
import { readEvents } from "../../lib/run/mod.ts";

/** Asserts that a finished run's cells are those of its plan: the same names and titles in the same order. */
export async function assertPlanned(runs: string, id: string): Promise<void> {
  const { events } = (await readEvents(runs, id))!;
  const start = events.find((event) => event.kind === "run.start");
  assert.ok(start?.kind === "run.start");
  const done = events.flatMap((event) => event.kind === "cell.start" ? [{ cell: event.cell, title: event.title }] : []);
  assert.deepEqual(done, start.plan.map(({ cell, title }) => ({ cell, title })));
}
