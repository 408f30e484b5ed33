// Reading one run. Any number of readers may read at any time, in any process.
import { join } from "node:path";
import { absent, systemReason, UserError } from "../../errors.ts";
import { damagedView, foldEvents, type RunStatus, type RunView, withEvaluations } from "../view/mod.ts";
import type { RunEvent } from "../events/events.ts";
import type { LogDamage } from "../events/views.ts";
import { entriesOf, folderError, RUNS_FOLDER } from "../files/folders.ts";
import { isRunId, timeOfRunId } from "../files/run-id.ts";
import { type WriterState, writerState } from "../process/lock.ts";
import { EVALUATIONS_FILE, readEvaluations } from "./evaluations.ts";
import { LOG_FILE } from "./log.ts";
import { LOG_START, readWhole } from "./parse-log.ts";
import { statusNow } from "./status.ts";

/** What a log holds. */
export interface LogContents {
  readonly events: readonly RunEvent[];
  readonly damage: readonly LogDamage[];
}

/**
 * The ids in a runs folder, newest first; none when there is no such folder.
 *
 * @throws UserError `folder.unreadable`
 */
export async function runIds(runsFolder: string): Promise<string[]> {
  return (await entriesOf(runsFolder))
    // A symbolic link is not a directory here: it could lead out of the runs folder.
    .filter(({ isDirectory, name }) => isDirectory && isRunId(name)).map(({ name }) => name).sort().reverse();
}

/**
 * The folder of a run, or undefined when there is none of this id. Safe for ids from outside: whatever is no run id is
 * refused, and so are symbolic links.
 *
 * @throws UserError `folder.unreadable`
 */
export async function runFolder(runsFolder: string, id: string): Promise<string | undefined> {
  if (!isRunId(id)) return undefined;
  const folder = join(runsFolder, id);
  try {
    return (await Deno.lstat(folder)).isDirectory ? folder : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw await folderError(runsFolder, RUNS_FOLDER, error);
  }
}

/**
 * One run, or undefined when there is none of this id or it has not begun. Damaged lines are notes of the view; when
 * the log's start is among them, the run is `damaged`. Evaluations that were made since are among its results.
 *
 * @throws UserError `run.unreadable`, `folder.unreadable`
 */
export async function readRun(runsFolder: string, id: string): Promise<RunView | undefined> {
  const folder = await runFolder(runsFolder, id);
  const view = folder === undefined ? undefined : (await readView(folder, id))?.view;
  return view === undefined ? undefined : await evaluated(view, folder!);
}

/** The view with the evaluations in the run's folder. */
export async function evaluated(view: RunView, folder: string): Promise<RunView> {
  try {
    const { evaluations, damaged } = await readEvaluations(folder);
    const notes = damaged.map((line) => {
      const text = `Line ${line} of ${EVALUATIONS_FILE} cannot be read and is left out`;
      return { level: "warning" as const, text, time: view.updatedAt };
    });
    return { ...view, results: withEvaluations(view.results, evaluations), notes: [...view.notes, ...notes] };
  } catch (error) {
    throw unreadable(view.id, folder, error);
  }
}

/**
 * The events of a run with `seq` greater than `after`, or undefined when there is no such run. Of a run that is over, a
 * half-written last line is damage; of a running one it is left for the next call.
 *
 * @throws UserError `run.unreadable`, `folder.unreadable`
 */
export async function readEvents(
  runsFolder: string,
  id: string,
  options: { readonly after?: number } = {},
): Promise<LogContents | undefined> {
  const folder = await runFolder(runsFolder, id);
  if (folder === undefined) return undefined;
  const { events, damage } = await readLog(folder, id);
  const after = options.after ?? -1;
  return { events: events.filter(({ seq }) => seq > after), damage };
}

/** A run's view with its current status, and what its log alone says. */
export interface ReadView {
  readonly view: RunView;
  /** The status as logged, whether or not its writer is alive. */
  readonly logged: RunStatus;
  readonly damagedLines: number;
}

/**
 * The view of the run in a folder; undefined while it has not begun.
 *
 * @throws UserError `run.unreadable`
 */
export async function readView(folder: string, id: string): Promise<ReadView | undefined> {
  const { events, damage, writer, exists } = await readLog(folder, id);
  let view = foldEvents(events);
  if (view === undefined) {
    if (!exists || (damage.length === 0 && writer !== "gone")) return undefined;
    view = damagedView(timeOfRunId(id));
  }
  nameAndNote(view, id, damage);
  const logged = view.status;
  view.status = statusNow(logged, writer);
  return { view, logged, damagedLines: damage.length };
}

/** Gives a folded view the run's id, and notes on the damaged lines of its log. */
export function nameAndNote(view: RunView, id: string, damage: readonly LogDamage[]): void {
  // In a copied or renamed folder, the first line has another id; the folder's name is the one that counts.
  view.id = id;
  if (view.status === "damaged") {
    if (view.title === "") view.title = id;
    view.startedAt = timeOfRunId(id);
    const [first] = damage;
    const missing = view.cells.length === 0 ? "it is empty" : "its first line is missing";
    const where = first === undefined ? missing : damageText(first);
    view.error ??= `The start of the event log cannot be read (${where})`;
  }
  const texts = damage.slice(0, MOST_NOTES).map(({ line, reason }) =>
    line === 0
      ? `The event log is damaged: ${reason}`
      : `Line ${line} of the event log is damaged and left out: ${reason}`
  );
  if (damage.length > MOST_NOTES) texts.push(`${damage.length - MOST_NOTES} more lines of the event log are damaged`);
  for (const text of texts) view.notes.push({ level: "warning", text, time: view.updatedAt });
}

/** Damage in words. Line 0 stands for the whole log. */
export function damageText({ line, reason }: LogDamage): string {
  return line === 0 ? reason : `line ${line}: ${reason}`;
}

/** Of more damaged lines, the view only says how many there are. */
const MOST_NOTES = 20;

/** Reads a whole log; `writer` is the state of its writer when reading began. */
async function readLog(folder: string, id: string) {
  const path = join(folder, LOG_FILE);
  try {
    // Checked before reading, so that a writer that ends in between does not look like one that died.
    const writer: WriterState = writerState(folder);
    const info = await Deno.lstat(path).catch(absent);
    if (info === undefined) return { events: [], damage: [], writer, exists: false };
    if (!info.isFile) {
      return { events: [], damage: [{ line: 0, reason: "it is not a regular file" }], writer, exists: true };
    }
    const { events, damage, position, unfinished } = await readWhole(path, LOG_START);
    const halfWritten = unfinished > 0 && writer === "gone"
      ? [{ line: position.line + 1, reason: "it is half written" }]
      : [];
    return { events, damage: [...damage, ...halfWritten], writer, exists: true };
  } catch (error) {
    // Removed in between.
    if (error instanceof Deno.errors.NotFound) {
      return { events: [], damage: [], writer: "gone" as const, exists: false };
    }
    throw unreadable(id, folder, error);
  }
}

/** The user's error for a run that the system does not let us read; any other error unchanged. */
export function unreadable(id: string, folder: string, error: unknown): unknown {
  const reason = systemReason(error);
  if (reason === undefined) return error;
  return new UserError("run.unreadable", `Cannot read the run ${id}: ${reason}`, `check the permissions of ${folder}`);
}
