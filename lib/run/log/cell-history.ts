// What earlier processes logged of a run's cells, and how much time they spent.
import type { RunEvent } from "../events/events.ts";

/** What was logged of a cell since it last started. */
export interface CellHistory {
  readonly start: Extract<RunEvent, { kind: "cell.start" }>;
  readonly events: readonly RunEvent[];
  /** How it ended; undefined when it did not. */
  readonly end: Extract<RunEvent, { kind: "cell.end" }>["status"] | undefined;
}

/** Histories by the cell's name. */
export type CellHistories = Map<string, CellHistory>;

/** The history of every cell in a log, by name. */
export function cellHistories(log: readonly RunEvent[]): CellHistories {
  const histories: CellHistories = new Map();
  for (const event of log) addToHistories(histories, event);
  return histories;
}

/** Adds one more event of the log. */
export function addToHistories(histories: CellHistories, event: RunEvent): void {
  if (!("cell" in event) || event.cell === undefined) return;
  if (event.kind === "cell.start") {
    histories.set(event.cell, { start: event, events: [], end: undefined });
    return;
  }
  const history = histories.get(event.cell) as
    | { -readonly [K in keyof CellHistory]: CellHistory[K] } & { events: RunEvent[] }
    | undefined;
  if (history === undefined) return;
  if (event.kind === "cell.end") history.end = event.status;
  else history.events.push(event);
  if (event.kind === "cell.resume") history.end = undefined;
}

/** Seconds that earlier processes spent on a run: as they measured it where they ended it, otherwise by event times. */
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

/** Zero when the clock was set back in between. */
function elapsed(from: number, to: number): number {
  return to > from ? (to - from) / 1000 : 0;
}
