// What a run's log says of the processes that wrote it before: its cells so far, and the time spent.
import type { RunEvent } from "../events/events.ts";

/** What was logged of a cell since it last began. */
export interface CellHistory {
  readonly start: Extract<RunEvent, { kind: "cell.start" }>;
  readonly events: readonly RunEvent[];
  /** How it ended; undefined: it did not. */
  readonly end: Extract<RunEvent, { kind: "cell.end" }>["status"] | undefined;
}

/** The past of every cell in a log, by name. */
export function cellHistories(log: readonly RunEvent[]): Map<string, CellHistory> {
  const pasts = new Map<string, { -readonly [K in keyof CellHistory]: CellHistory[K] } & { events: RunEvent[] }>();
  for (const event of log) {
    if (!("cell" in event) || event.cell === undefined) continue;
    if (event.kind === "cell.start") {
      pasts.set(event.cell, { start: event, events: [], end: undefined });
      continue;
    }
    const past = pasts.get(event.cell);
    if (past === undefined) continue;
    if (event.kind === "cell.end") past.end = event.status;
    else past.events.push(event);
    if (event.kind === "cell.resume") past.end = undefined;
  }
  return pasts;
}

/** Seconds that earlier processes spent on a run: by their own measure where they ended it, otherwise by its times. */
export function secondsSpent(log: readonly RunEvent[]): number {
  let before = 0;
  let [start, last] = [NaN, NaN];
  for (const event of log) {
    const time = Date.parse(event.time);
    if (event.kind === "run.start" || event.kind === "run.resume") {
      before += elapsed(start, last);
      start = time;
    } else if (event.kind === "run.end") {
      before = event.seconds;
      start = NaN;
    }
    last = time;
  }
  return before + elapsed(start, last);
}

/** A clock may have been set back. */
function elapsed(from: number, to: number): number {
  return to > from ? (to - from) / 1000 : 0;
}
