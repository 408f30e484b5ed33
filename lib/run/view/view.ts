// Folding a run's events into what readers show: one fold for terminal, pages, notebooks, reports and the index. Pure:
// the browser loads this file.
import { UserError } from "../../errors.ts";
import type { Planned, RunEvent } from "../events/events.ts";
import type { CellView, RunStatus, RunView } from "../events/views.ts";

/** How many cells are finished: done, or taken from the cache. */
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
    needs: [],
    work: null,
    builtBy: null,
    job: null,
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

function plannedCell({ cell, title, needs = [], work }: Planned): CellView {
  return { ...emptyCell(cell, title), needs, work: work ?? null };
}

/** The view of a run from its events in order; undefined while there is none. */
export function foldEvents(events: Iterable<RunEvent>): RunView | undefined {
  let view: RunView | undefined;
  for (const event of events) view = applyEvent(view, event);
  return view;
}

/**
 * The view of a run whose `run.start` cannot be read.
 *
 * @param time when its first readable event was logged, or another time close to its start
 */
export function damagedView(time: string, id = ""): RunView {
  return {
    id,
    experiment: "",
    title: id,
    preset: "",
    seed: null,
    device: "",
    status: "damaged",
    config: null,
    command: [],
    versions: {},
    speed: null,
    pid: null,
    startedAt: time,
    updatedAt: time,
    seconds: null,
    cells: [],
    notes: [],
    results: null,
    error: null,
    lastSeq: -1,
  };
}

function startedView(event: Extract<RunEvent, { kind: "run.start" }>): RunView {
  return {
    ...damagedView(event.time, event.run),
    experiment: event.experiment,
    title: event.title,
    preset: event.preset,
    seed: event.seed,
    device: event.device,
    status: "running",
    config: event.config,
    command: event.command,
    versions: event.versions,
    speed: event.speed ?? null,
    pid: event.pid,
    cells: event.plan.map(plannedCell),
    lastSeq: event.seq,
  };
}

/**
 * The step up to which the points of the event's cell stay valid; undefined when all of them do. A cell that goes back
 * voids what came later, and one that starts again voids everything.
 */
export function validUpTo(event: RunEvent): number | undefined {
  return event.kind === "cell.start" ? -1 : event.kind === "cell.rewind" ? event.step : undefined;
}

/** The view after one more event. It updates `view` in place and returns it. */
export function applyEvent(view: RunView | undefined, event: RunEvent): RunView {
  if (event.kind === "run.start") return startedView(event);
  view ??= damagedView(event.time);
  view.lastSeq = event.seq;
  view.updatedAt = event.time;
  const stalls = event.kind === "note" && event.alert?.detector === "stall";
  if (isUnderWay(view)) view.status = stalls ? "stalled" : "running";
  const cell = "cell" in event && event.cell !== undefined ? cellOf(view, event.cell) : undefined;
  const last = validUpTo(event);
  if (last !== undefined) cell!.metrics = cell!.metrics.filter(({ step }) => step <= last);
  switch (event.kind) {
    case "run.resume":
      resume(view, event);
      break;
    case "cell.start":
      Object.assign(cell!, emptyCell(event.cell, event.title), {
        needs: cell!.needs,
        work: cell!.work,
        job: cell!.job,
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
      break;
    case "cell.job": {
      const { job, state, node, reason } = event;
      cell!.job = { job, state, node, reason };
      break;
    }
    case "metrics":
      cell!.steps = event.steps;
      cell!.metrics.push({ step: event.step, time: event.time, values: event.values });
      break;
    case "note":
      (cell ?? view).notes.push({ level: event.level, text: event.text, time: event.time });
      break;
    case "table":
      cell!.tables.push(event.table);
      break;
    case "artifact":
      cell!.artifacts.push({ name: event.name, path: event.path, bytes: event.bytes, sha256: event.sha256 });
      break;
    case "cell.end":
      Object.assign(cell!, {
        status: event.status,
        seconds: event.seconds,
        summary: event.summary,
        builtBy: event.builtBy ?? null,
      });
      break;
    case "run.end":
      Object.assign(view, {
        status: view.status === "damaged" ? "damaged" : event.status,
        seconds: event.seconds,
        results: event.results ?? null,
        error: event.error ?? null,
      });
      break;
  }
  return view;
}

/** Another process resumes the run: its request replaces the one before, and no cell is running until it says so. */
function resume(view: RunView, event: Extract<RunEvent, { kind: "run.resume" }>): void {
  const { title, device, config, command, versions, pid, speed = view.speed } = event;
  Object.assign(view, { title, device, config, command, versions, pid, speed });
  Object.assign(view, { seconds: null, results: null, error: null });
  if (view.status !== "damaged") view.status = "running";
  for (const cell of view.cells) if (cell.status === "running") cell.status = "planned";
  for (const planned of event.plan) {
    const cell = view.cells.find(({ name }) => name === planned.cell);
    if (cell === undefined) view.cells.push(plannedCell(planned));
    else Object.assign(cell, { needs: planned.needs ?? cell.needs, work: planned.work ?? cell.work });
  }
}

/**
 * The random seed of a run.
 *
 * @throws UserError `run.damaged` when the part of its log that says it cannot be read
 */
export function seedOf({ id, seed }: Pick<RunView, "id" | "seed">): number {
  if (seed !== null) return seed;
  throw new UserError(
    "run.damaged",
    `The seed of the run ${id} is unknown: the start of its event log cannot be read`,
    `deno task verify ${id} names the damaged line`,
  );
}

/** Whether a process is working on the run, as far as is known. */
export function isUnderWay({ status }: { readonly status: RunStatus }): boolean {
  return status === "running" || status === "stalled";
}

/** The status of a cell as people see it: one that was running when its run's process vanished is lost. */
export function shownStatus(
  { status }: Pick<CellView, "status">,
  run: Pick<RunView, "status">,
): CellView["status"] | "lost" {
  return status === "running" && !isUnderWay(run) ? "lost" : status;
}

function cellOf(view: RunView, name: string): CellView {
  let cell = view.cells.find((cell) => cell.name === name);
  if (cell === undefined) view.cells.push(cell = emptyCell(name, name));
  return cell;
}
