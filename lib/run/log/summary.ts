// A run as one line of a list.
import { join } from "node:path";
import { absent, systemReason, UserError } from "../../errors.ts";
import type { RunStatus, RunSummary, RunView } from "../events/views.ts";
import { timeOfRunId } from "../files/run-id.ts";
import { writerState } from "../process/lock.ts";
import { damagedView, finishedCells, headlines } from "../view/mod.ts";
import { LOG_FILE } from "./log.ts";
import { readView } from "./read.ts";
import { statusNow } from "./status.ts";

/** The state of a file: a log whose stamp is the same has not changed. */
export interface FileStamp {
  /** Number of the file in its file system. */
  readonly file: number;
  /** Bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds. */
  readonly time: number;
}

/** A regular file's stamp; undefined when there is none. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  const info = await Deno.lstat(path).catch(absent);
  return info?.isFile ? { file: info.ino ?? 0, size: info.size, time: info.mtime?.getTime() ?? 0 } : undefined;
}

/** Whether a file has not changed between two looks. */
export function isSame(a: FileStamp | undefined, b: FileStamp | undefined): boolean {
  return a?.file === b?.file && a?.size === b?.size && a?.time === b?.time;
}

/** A run in a list, from its view. */
export function summarize(view: RunView, status: RunStatus, damagedLines: number): RunSummary {
  const { cells } = view;
  return {
    id: view.id,
    experiment: view.experiment,
    title: view.title,
    preset: view.preset,
    seed: view.seed,
    device: view.device,
    command: view.command,
    status,
    startedAt: view.startedAt,
    updatedAt: view.updatedAt,
    seconds: view.seconds,
    cells: {
      ended: finishedCells(cells),
      cached: cells.filter(({ status }) => status === "cached").length,
      total: cells.length,
    },
    current: cells.find(({ status }) => status === "running")?.name ?? null,
    meanBpb: view.results === null ? {} : headlines(view.results),
    error: view.error,
    damagedLines,
  };
}

/** A run that the system does not let us read, in a list: only its id and the reason are known. */
export function unreadableSummary(id: string, reason: string): RunSummary {
  return summarize({ ...damagedView(timeOfRunId(id), id), error: reason }, "unreadable", 0);
}

/** Why a run cannot be listed as usual; undefined when the error is of another kind, that is, a bug. */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof UserError) return error.message;
  const reason = systemReason(error);
  return reason === undefined ? undefined : `Its folder cannot be read: ${reason}`;
}

/** Finds an earlier summary, with the status as logged, for a log with this stamp. */
export type Lookup = (id: string, stamp: FileStamp) => RunSummary | undefined;

/** Summaries, with the status as logged, of logs that have not changed since they were read. */
const known = new Map<string, { readonly stamp: FileStamp; readonly gone: boolean; readonly summary: RunSummary }>();

/**
 * A run in a list; undefined while it has not begun. Its log is read only when it has changed since this process read it,
 * or since the summary was made that `lookup` finds.
 */
export async function summaryOf(folder: string, id: string, lookup?: Lookup): Promise<RunSummary | undefined> {
  try {
    // Checked before reading, so that a writer that ends in between does not look like one that died.
    const writer = writerState(folder);
    const stamp = await stampOf(join(folder, LOG_FILE));
    const gone = writer === "gone"; // decides whether a half-written line is damage
    const before = known.get(folder);
    const found = before?.gone === gone && isSame(before.stamp, stamp) ? before.summary : stamp && lookup?.(id, stamp);
    if (found !== undefined) {
      if (found !== before?.summary) known.set(folder, { stamp: stamp!, gone, summary: found });
      return { ...found, status: statusNow(found.status, writer) };
    }
    const read = await readView(folder, id);
    if (read === undefined) return undefined;
    const summary = summarize(read.view, read.logged, read.damagedLines);
    if (stamp !== undefined) known.set(folder, { stamp, gone, summary });
    return { ...summary, status: read.view.status };
  } catch (error) {
    const reason = refusalOf(error);
    if (reason === undefined) throw error;
    return unreadableSummary(id, reason);
  }
}
