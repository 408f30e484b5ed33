// Folding a run's events into what is shown: pure, and the same for terminal, server, notebook and report.
import type { RunEvent } from "../events/events.ts";
import type { CellView, RunStatus, RunView } from "../events/views.ts";

/** How many cells need not be done again: done, or taken from the cache. */
export function finishedCells(cells: readonly { readonly status?: unknown }[]): number {
  return cells.filter(({ status }) => status === "done" || status === "cached").length;
}

function emptyCell(name: string, title: string): CellView {
  return {
    name,
    title,
    description: "",
    status: "planned",
    cellKey: "",
    startedAt: null,
    seconds: null,
    steps: null,
    metrics: [],
    tables: [],
    notes: [],
    artifacts: [],
    summary: "",
  };
}

/** The view of a run from its events in order; undefined while there is no `run.start`. */
export function foldEvents(events: Iterable<RunEvent>): RunView | undefined {
  let view: RunView | undefined;
  for (const event of events) view = applyEvent(view, event);
  return view;
}

/** The view after one more event. It updates `view` in place and returns it. */
export function applyEvent(view: RunView | undefined, event: RunEvent): RunView | undefined {
  if (event.kind === "run.start") {
    return {
      id: event.run,
      experiment: event.experiment,
      title: event.title,
      preset: event.preset,
      seed: event.seed,
      device: event.device,
      status: "running",
      config: event.config,
      command: event.command,
      versions: event.versions,
      pid: event.pid,
      startedAt: event.time,
      updatedAt: event.time,
      seconds: null,
      cells: event.plan.map(({ cell, title }) => emptyCell(cell, title)),
      notes: [],
      results: null,
      error: null,
      lastSeq: event.seq,
    };
  }
  if (view === undefined) return undefined;
  view.lastSeq = event.seq;
  view.updatedAt = event.time;
  const stalls = event.kind === "note" && event.alert?.detector === "stall";
  if (isUnderWay(view)) view.status = stalls ? "stalled" : "running";
  const cell = "cell" in event && event.cell !== undefined ? cellOf(view, event.cell) : undefined;
  switch (event.kind) {
    case "run.resume":
      resume(view, event);
      break;
    case "cell.start":
      // Begun again, it has an account of its own.
      Object.assign(cell!, emptyCell(event.cell, event.title), {
        title: event.title,
        description: event.description,
        cellKey: event.cellKey,
        status: "running",
        startedAt: event.time,
      });
      break;
    case "cell.resume":
      Object.assign(cell!, { status: "running", seconds: null, summary: "" });
      break;
    case "cell.rewind":
      cell!.metrics = cell!.metrics.filter(({ step }) => step <= event.step);
      break;
    case "metrics":
      cell!.steps = event.steps;
      cell!.metrics.push({ step: event.step, time: event.time, values: event.values });
      break;
    case "note":
      (cell ?? view).notes.push({ level: event.level, text: event.text });
      break;
    case "table":
      cell!.tables.push(event.table);
      break;
    case "artifact":
      cell!.artifacts.push({ name: event.name, path: event.path, bytes: event.bytes, sha256: event.sha256 });
      break;
    case "cell.end":
      Object.assign(cell!, { status: event.status, seconds: event.seconds, summary: event.summary });
      break;
    case "run.end":
      Object.assign(view, {
        status: event.status,
        seconds: event.seconds,
        results: event.results ?? null,
        error: event.error ?? null,
      });
      break;
  }
  return view;
}

/** Another process goes on: what it was asked for counts, and nothing is running until it says so. */
function resume(view: RunView, event: Extract<RunEvent, { kind: "run.resume" }>): void {
  const { title, device, config, command, versions, pid } = event;
  const ended = { status: "running", seconds: null, results: null, error: null };
  Object.assign(view, { title, device, config, command, versions, pid, ...ended });
  for (const cell of view.cells) if (cell.status === "running") cell.status = "planned";
  const ahead = event.plan.filter(({ cell }) => !view.cells.some(({ name }) => name === cell));
  view.cells.push(...ahead.map(({ cell, title }) => emptyCell(cell, title)));
}

/** Whether a process works on the run, as far as is known. */
export function isUnderWay({ status }: { readonly status: RunStatus }): boolean {
  return status === "running" || status === "stalled";
}

function cellOf(view: RunView, name: string): CellView {
  let cell = view.cells.find((cell) => cell.name === name);
  if (cell === undefined) view.cells.push(cell = emptyCell(name, name));
  return cell;
}
