// A cell's account: notes are kept in full, and those of an interrupted attempt are not repeated.
import assert from "node:assert/strict";
import type { RunEvent } from "../../../lib/run/mod.ts";
import { type CellEvent, cellLog, parseCellEvents } from "../../../lib/run/cells/cell-log.ts";

const point = (step: number, value = 0): CellEvent => ({
  kind: "metrics",
  cell: "one",
  step,
  steps: 9,
  values: { loss: value },
});
const note = (text: string): CellEvent => ({ kind: "note", cell: "one", level: "info", text });
const back = (step: number): CellEvent => ({ kind: "cell.rewind", cell: "one", step });

/** What gets into the run's log when a cell says `said`, after attempts that had said `past`. */
function written(past: readonly CellEvent[], said: readonly CellEvent[]): CellEvent[] {
  const stamp = (event: CellEvent): RunEvent => ({ seq: 0, time: "2026-01-01T00:00:00Z", ...event });
  const out: CellEvent[] = [];
  const log = cellLog((event) => (out.push(event), stamp(event)), past.map(stamp));
  said.forEach(log.write);
  assert.deepEqual(parseCellEvents(log.lines()), said, "the account holds all that was said");
  return out;
}

Deno.test("`cellLog()` keeps what a cell says twice", () => {
  const said = [point(1), note("same"), point(1), note("same")];
  assert.deepEqual(written([], said), said);
});

Deno.test("`cellLog()` leaves out what an earlier attempt has said, however often that was", () => {
  const past = [point(1, 7), note("same"), note("same"), point(2)];
  const said = [point(1), note("same"), note("same"), point(2), note("same"), point(3)];
  assert.deepEqual(written(past, said), [note("same"), point(3)]);
  // Points of other names are other points.
  const more: CellEvent = { ...point(1), values: { validation: 1 } } as CellEvent;
  assert.deepEqual(written(past, [more]), [more]);
});

Deno.test("`cellLog()` says again what comes after going back, and that it went back", () => {
  const past = [point(1), point(2), point(3), back(1), point(2)];
  // The attempt before was cut off in its second round; this one does all of it again.
  const said = [point(1), point(2), point(3), back(1), point(2), point(3)];
  assert.deepEqual(written(past, said), [point(3), back(1), point(2), point(3)]);
});
