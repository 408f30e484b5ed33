// Telling in a run's log what other processes log of its cells: each of them writes a log of its own, and the run's has
// one writer.
import { type CellLog, cellLog, isCellEvent } from "./cell-log.ts";
import type { EventBody, RunEvent } from "../events/events.ts";
import type { CellHistory } from "../log/cell-history.ts";

/** Where the events go. */
export interface RelayHost {
  /** What the run's log has of a cell. */
  past(cell: string): CellHistory | undefined;
  write(body: EventBody): RunEvent;
}

/**
 * Takes the events of one attempt at a cell in order, and writes those that the run's log does not have: what an earlier
 * attempt has logged up to a checkpoint is not repeated.
 *
 * @param attached whether the attempt began before this process wrote the run
 */
export function relayCell(host: RelayHost, cell: string, attached: boolean): (event: RunEvent) => void {
  let log: CellLog | undefined;
  let artifacts = new Set<string>();
  /** The step that the attempt resumes from, until there is something new to say. */
  let resumes: number | undefined;
  const begin = () => {
    if (resumes !== undefined) host.write({ kind: "cell.resume", cell, step: resumes });
    resumes = undefined;
  };
  const continues = (): CellLog => {
    const past = host.past(cell);
    artifacts = new Set(past?.events.flatMap((event) => event.kind === "artifact" ? [event.name] : []));
    return cellLog((event) => (begin(), host.write(event)), past?.events ?? []);
  };
  return (event) => {
    const { seq: _seq, time: _time, ...body } = event;
    if (!("cell" in body) || body.cell !== cell) return;
    const past = host.past(cell);
    if (body.kind === "cell.start") {
      const over = past?.end === "done" || past?.end === "cached";
      if (past !== undefined && past.start.cellKey === body.cellKey && !over) {
        resumes = attached ? lastStep(past.events) : 0;
      } else host.write(body);
      log = continues();
      return;
    }
    log ??= continues();
    switch (body.kind) {
      case "cell.resume":
        resumes = body.step;
        break;
      case "cell.end":
        if (past?.end === body.status) break; // it was told before
        begin();
        host.write(body);
        break;
      case "artifact":
        if (!artifacts.has(body.name)) host.write(body);
        break;
      default:
        if (isCellEvent(body)) log.write(body);
    }
  };
}

function lastStep(events: readonly RunEvent[]): number {
  return events.reduce((last, event) => event.kind === "metrics" ? Math.max(last, event.step) : last, 0);
}
