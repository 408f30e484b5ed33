// The readers of the runs folder: they only read, any number of them, in any process.
import { join } from "node:path";
import { finishedCells, foldEvents, isUnderWay, type RunStatus, type RunView } from "../view/mod.ts";
import type { RunEvent } from "../events/events.ts";
import type { LogDamage, RunSummary } from "../events/views.ts";
import { type WriterState, writerState } from "../process/lock.ts";
import { LOG_FILE } from "./log.ts";
import { LOG_START, readWhole } from "./parse-log.ts";
import { isRunId } from "../files/run-id.ts";

/** What a log holds. */
export interface LogContents {
  readonly events: readonly RunEvent[];
  readonly damage: readonly LogDamage[];
}

/** The ids of the runs in a folder, newest first; none when there is no such folder. */
export async function runIds(runsFolder: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const entry of Deno.readDir(runsFolder)) {
      // A symlink is not a directory here: it could lead out of the runs folder.
      if (entry.isDirectory && isRunId(entry.name)) ids.push(entry.name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return ids.sort().reverse();
}

/** The folder of a run, or undefined when `id` is not the id of a run in the listing. Safe for ids from outside. */
export async function runFolder(runsFolder: string, id: string): Promise<string | undefined> {
  if (!isRunId(id) || !(await runIds(runsFolder)).includes(id)) return undefined;
  return join(runsFolder, id);
}

/** The runs in a folder, newest first. A folder without a readable `run.start` is left out. */
export async function listRuns(runsFolder: string): Promise<RunSummary[]> {
  const summaries: RunSummary[] = [];
  for (const id of await runIds(runsFolder)) {
    const summary = await summaryOf(join(runsFolder, id), id);
    if (summary !== undefined) summaries.push(summary);
  }
  return summaries.sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

/** One run, or undefined when there is none of this id. Damaged lines are notes of the view. */
export async function readRun(runsFolder: string, id: string): Promise<RunView | undefined> {
  const folder = await runFolder(runsFolder, id);
  const read = folder === undefined ? undefined : await readView(folder, id);
  return read && { ...read.view, status: statusOf(read.view.status, read.writer) };
}

/**
 * A run's status and the time of its last event, without reading a log again that has not grown; undefined when there is
 * no such run.
 */
export async function readStatus(
  runsFolder: string,
  id: string,
): Promise<Pick<RunSummary, "status" | "updatedAt"> | undefined> {
  const folder = await runFolder(runsFolder, id);
  const summary = folder === undefined ? undefined : await summaryOf(folder, id);
  return summary && { status: summary.status, updatedAt: summary.updatedAt };
}

/**
 * The events of a run with `seq` greater than `after`, or undefined when there is no such run. Of a run that is over, a
 * half-written last line is damage; of a running one it is left for the next call.
 */
export async function readEvents(
  runsFolder: string,
  id: string,
  options: { readonly after?: number } = {},
): Promise<LogContents | undefined> {
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return undefined;
  const { events, damage } = await readLog(folder);
  const after = options.after ?? -1;
  return { events: events.filter(({ seq }) => seq > after), damage };
}

/** Reads a whole log; `writer` is the state of its writer when reading began. */
async function readLog(folder: string): Promise<LogContents & { readonly writer: WriterState }> {
  const path = join(folder, LOG_FILE);
  // Asked before reading, so that a writer that ends in between is not taken for one that died.
  const writer = writerState(folder);
  try {
    if (!(await Deno.lstat(path)).isFile) {
      return { events: [], damage: [{ line: 0, reason: "it is not a file" }], writer };
    }
    const { events, damage, position, unfinished } = await readWhole(path, LOG_START);
    const halfWritten = unfinished > 0 && writer === "gone"
      ? [{ line: position.line + 1, reason: "it is half written" }]
      : [];
    return { events, damage: [...damage, ...halfWritten], writer };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { events: [], damage: [], writer };
    throw error;
  }
}

async function readView(folder: string, id: string) {
  const { events, damage, writer } = await readLog(folder);
  const view = foldEvents(events);
  // A log whose first line says another id was copied or renamed: the folder's name is the run's address.
  if (view === undefined) return undefined;
  view.id = id;
  for (const { line, reason } of damage) {
    view.notes.push({ level: "warning", text: `Line ${line} of the event log is damaged and left out: ${reason}` });
  }
  return { view, damage, writer };
}

/** A run that has not ended is running, or stalled, as long as its writer lives. */
function statusOf(logged: RunStatus, writer: WriterState): RunStatus {
  if (!isUnderWay({ status: logged })) return logged;
  return writer === "gone" ? "lost" : writer === "silent" ? "stalled" : logged;
}

/** Summaries of logs that did not change since they were read; a finished run is read once. */
const known = new Map<string, { readonly size: number; readonly time: number; readonly summary: RunSummary }>();

async function summaryOf(folder: string, id: string): Promise<RunSummary | undefined> {
  const writer = writerState(folder);
  const info = await Deno.stat(join(folder, LOG_FILE)).catch(() => undefined);
  if (info === undefined) return undefined;
  const time = info.mtime?.getTime() ?? 0;
  const before = known.get(folder);
  if (before?.size === info.size && before.time === time) {
    return { ...before.summary, status: statusOf(before.summary.status, writer) };
  }
  const read = await readView(folder, id);
  if (read === undefined) return undefined;
  const summary = summarize(read.view, read.damage.length);
  known.set(folder, { size: info.size, time, summary });
  return { ...summary, status: statusOf(summary.status, read.writer) };
}

function summarize(view: RunView, damagedLines: number): RunSummary {
  const { cells } = view;
  const methods = Object.entries(view.results?.methods ?? {});
  return {
    id: view.id,
    experiment: view.experiment,
    title: view.title,
    preset: view.preset,
    seed: view.seed,
    device: view.device,
    command: view.command,
    status: view.status,
    startedAt: view.startedAt,
    updatedAt: view.updatedAt,
    seconds: view.seconds,
    error: view.error,
    damagedLines,
    cells: {
      ended: finishedCells(cells),
      cached: cells.filter(({ status }) => status === "cached").length,
      total: cells.length,
    },
    current: cells.find(({ status }) => status === "running")?.name ?? null,
    meanBpb: Object.fromEntries(
      methods.flatMap(([name, { bpb }]) => bpb.mean === undefined ? [] : [[name, bpb.mean]]),
    ),
  };
}
