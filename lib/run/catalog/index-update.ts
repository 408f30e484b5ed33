// Updating the rows of every run: only what was added to its log, labels and evaluations since the last update is read.
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { readUsage, usageFigures } from "../capture/usage.ts";
import type { DatabaseSync } from "node:sqlite";
import type { LogDamage, RunStatus, RunSummary, RunView } from "../events/views.ts";
import { timeOfRunId } from "../files/run-id.ts";
import { LOG_FILE } from "../log/log.ts";
import { LOG_START, type LogPosition, readPiece } from "../log/parse-log.ts";
import { EVALUATIONS_FILE } from "../log/evaluations.ts";
import { evaluated, nameAndNote, runIds } from "../log/read.ts";
import { statusNow } from "../log/status.ts";
import { type FileStamp, isSame, refusalOf, stampOf, summarize, unreadableSummary } from "../log/summary.ts";
import { type WriterState, writerState } from "../process/lock.ts";
import { applyEvent, damagedView } from "../view/mod.ts";
import { type RowWriter, rowWriter } from "./index-rows.ts";
import { LABELS_FILE, readLabels } from "./labels.ts";
import { transact } from "./sqlite.ts";

/** Called after each run with the number of runs that are up to date, and of all runs. */
export type OnProgress = (done: number, total: number) => void;

/** Which runs an update looks at. */
export interface UpdateScope {
  /** Whether the files of runs that are over are looked at too: they change when a run is resumed or labeled. @default true */
  readonly settled?: boolean;
  /** Runs whose files are looked at in any case. */
  readonly ids?: ReadonlySet<string>;
  /** An index that is only read: what it knows and has not changed since is left to it. */
  readonly base?: DatabaseSync | undefined;
}

/** Updates the rows of every run and removes those of runs that are gone. */
export async function updateRuns(
  db: DatabaseSync,
  runsFolder: string,
  onProgress: OnProgress = () => {},
  { settled = true, ids: always = new Set(), base }: UpdateScope = {},
): Promise<{ runs: number; events: number }> {
  const known = readKnown(db);
  const based = base === undefined ? new Map<string, Known>() : readKnown(base);
  const rows = rowWriter(db);
  const ids = await runIds(runsFolder);
  let events = 0;
  let runs = 0;
  for (const [i, id] of ids.entries()) {
    const run = { db, rows, id, folder: join(runsFolder, id) };
    const before = known.get(id);
    const latest = before ?? based.get(id);
    const over = latest !== undefined && isOver(latest.status);
    // Points of runs that are over are not kept beside a base: one that continues is read from its start.
    const left = over && (!settled && !always.has(id) || base !== undefined && await isUnchanged(run, latest));
    const continued = base !== undefined && over ? undefined : before;
    const read = left ? 0 : await updateRun(run, continued).catch((error) => listUnreadable(run, error));
    known.delete(id);
    onProgress(i + 1, ids.length);
    if (read === undefined) continue;
    events += read;
    runs++;
  }
  if (known.size > 0) transact(db, () => [...known.keys()].forEach((id) => forget({ db, rows, id })));
  if (base !== undefined) {
    db.exec("delete from points where run in (select id from runs where status not in ('running', 'stalled'))");
  }
  return { runs, events };
}

/** Whether a run that is over has the files that were read. */
async function isUnchanged({ folder }: IndexedRun, known: Known): Promise<boolean> {
  const { log, labels, evaluations } = await stampsOf(folder);
  return isSame(known.log, log) && isSame(known.labels, labels) && isSame(known.evaluations, evaluations) &&
    isSettled(known.status, writerState(folder));
}

async function stampsOf(folder: string) {
  return {
    log: await stampOf(join(folder, LOG_FILE)),
    labels: await stampOf(join(folder, LABELS_FILE)) ?? NO_FILE,
    evaluations: await stampOf(join(folder, EVALUATIONS_FILE)) ?? NO_FILE,
  };
}

/** What the index knows about a run: the states of its files that were read, and how far. */
interface Known {
  readonly log: FileStamp;
  readonly labels: FileStamp;
  readonly evaluations: FileStamp;
  readonly position: LogPosition;
  /** Damaged lines. */
  readonly damaged: number;
  /** Undefined when an update was interrupted. */
  readonly status: RunStatus | undefined;
}

function readKnown(db: DatabaseSync): Map<string, Known> {
  const rows = db.prepare(
    `select run, log_file, log_size, log_time, offset, line, seq, logs.damaged as damaged, labels_file, labels_size,
     labels_time, evaluations_file, evaluations_size, evaluations_time, status from logs left join runs on id = run`,
  ).all() as Record<string, number>[];
  return new Map(rows.map((row) => [
    String(row.run),
    {
      log: { file: row.log_file!, size: row.log_size!, time: row.log_time! },
      labels: { file: row.labels_file!, size: row.labels_size!, time: row.labels_time! },
      evaluations: { file: row.evaluations_file!, size: row.evaluations_size!, time: row.evaluations_time! },
      position: { offset: row.offset!, line: row.line!, seq: row.seq! },
      damaged: row.damaged!,
      status: (row.status ?? undefined) as RunStatus | undefined,
    },
  ]));
}

interface IndexedRun {
  readonly db: DatabaseSync;
  readonly rows: RowWriter;
  readonly id: string;
  readonly folder: string;
}

/** How far a log was read, and the result. */
interface State {
  position: LogPosition;
  /** Undefined while there is no readable event. Without points. */
  view: RunView | undefined;
  damage: LogDamage[];
}

/** The states of a run's files. */
type Stamps = Pick<Known, "log" | "labels" | "evaluations">;

const NO_FILE: FileStamp = { file: 0, size: 0, time: 0 };
const NO_FILES: Stamps = { log: NO_FILE, labels: NO_FILE, evaluations: NO_FILE };

/** How many events were read, or undefined when the folder holds no run, or one that has not begun. */
async function updateRun(run: IndexedRun, before: Known | undefined): Promise<number | undefined> {
  const { db, rows, id, folder } = run;
  // Checked before reading, so that a writer that ends in between does not look like one that died.
  const writer = writerState(folder);
  const { log, labels, evaluations } = await stampsOf(folder);
  if (log === undefined) {
    // A folder, a pipe or a link in its place hides the run's events, not the run.
    const there = await Deno.lstat(join(folder, LOG_FILE)).then(() => true, () => false);
    if (there) throw new UserError("run.unreadable", "Its event log is not a regular file");
    return absent(run, before);
  }
  const sameLog = isSame(before?.log, log);
  const sameRest = isSame(before?.labels, labels) && isSame(before?.evaluations, evaluations);
  if (sameLog && sameRest && isSettled(before?.status, writer)) return 0;
  const grown = before?.log.file === log.file && log.size > before.log.size && log.size >= before.position.offset;
  // A log with damaged lines is read from its start again: it may have been repaired.
  const continues = before !== undefined && before.damaged === 0 && (sameLog || grown);
  const state: State = continues
    ? { position: before.position, view: readState(db, id), damage: [] }
    : { position: LOG_START, view: undefined, damage: [] };
  const events = continues && sameLog ? 0 : await readOn(run, state, !continues, log.size);
  const view = shownView(state, id, state.position.offset < log.size, writer);
  if (view === undefined) return absent(run, before);
  const given = await readLabels(folder);
  const shown = await evaluated(view.view, folder);
  const usage = usageFigures(await readUsage(folder).catch(() => []));
  transact(db, () => {
    const damaged = view.damage.length;
    rows.view(shown, statusNow(view.view.status, writer), damaged);
    rows.labels(id, given);
    rows.usage(id, usage);
    mark(run, state, summarize(view.view, view.view.status, damaged), { log, labels, evaluations });
  });
  return events;
}

function absent({ db, rows, id }: IndexedRun, before: Known | undefined): undefined {
  if (before !== undefined) transact(db, () => forget({ db, rows, id }));
}

/** Whether a run's rows can only change when its files do. */
function isSettled(status: RunStatus | undefined, writer: WriterState): boolean {
  return status === "lost" ? writer === "gone" : isOver(status);
}

/** Whether nothing more is expected of a run, unless it is resumed. */
function isOver(status: RunStatus | undefined): boolean {
  return status !== undefined && status !== "running" && status !== "stalled" && status !== "unreadable";
}

/**
 * Reads a log from the state's position on, one transaction per block, so that an interrupted update continues after the
 * last block. What is added meanwhile is left to the next update: a run may log faster than it is written here.
 *
 * @param size what the log had when the update began
 */
async function readOn(run: IndexedRun, state: State, afresh: boolean, size: number): Promise<number> {
  const { db, rows, id, folder } = run;
  let events = 0;
  for (let first = afresh;; first = false) {
    const piece = await readPiece(join(folder, LOG_FILE), state.position);
    const atEnd = piece.position.offset === state.position.offset;
    if (atEnd && !first) return events;
    for (const event of piece.events) state.view = applyEvent(state.view, event);
    // Points have their own table; those of a long run would not fit into memory.
    for (const cell of state.view?.cells ?? []) cell.metrics = [];
    state.position = piece.position;
    state.damage.push(...piece.damage);
    transact(db, () => {
      if (first) rows.clear(id);
      rows.points(id, piece.events);
      // No stamp matches: the log has not been read to its end.
      mark(run, state, undefined, NO_FILES);
    });
    events += piece.events.length;
    if (state.position.offset >= size) return events;
  }
}

/** The view as readers see it, with its damage; undefined while the run has not begun. */
function shownView({ view, damage, position }: State, id: string, unfinished: boolean, writer: WriterState) {
  const gone = writer === "gone";
  const all = unfinished && gone ? [...damage, { line: position.line + 1, reason: "it is half written" }] : damage;
  if (view === undefined && all.length === 0 && !gone) return undefined;
  const shown = view === undefined ? damagedView(timeOfRunId(id)) : { ...view, notes: [...view.notes] };
  nameAndNote(shown, id, all);
  return { view: shown, damage: all };
}

/** Notes how far a run was read. @param summary undefined: as it was before, until the log has been read to its end */
function mark(
  { db, id }: IndexedRun,
  state: State,
  summary: RunSummary | undefined,
  { log, labels, evaluations }: Stamps,
) {
  const { offset, line, seq } = state.position;
  const before = () => db.prepare("select summary from logs where run = ?").get(id)?.summary ?? "null";
  db.prepare("insert or replace into logs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
    id,
    log.file,
    log.size,
    log.time,
    offset,
    line,
    seq,
    state.damage.length,
    labels.file,
    labels.size,
    labels.time,
    evaluations.file,
    evaluations.size,
    evaluations.time,
    summary === undefined ? before() : JSON.stringify(summary),
  );
  db.prepare("insert or replace into states values (?, ?)").run(id, JSON.stringify(state.view ?? null));
}

function readState(db: DatabaseSync, id: string): RunView | undefined {
  return JSON.parse(String(db.prepare("select view from states where run = ?").get(id)!.view)) ?? undefined;
}

/** Lists a run that the system does not let us read, so that it does not hide others. The next update tries again. */
function listUnreadable(run: IndexedRun, error: unknown): number {
  const reason = refusalOf(error);
  if (reason === undefined) throw error;
  const summary = unreadableSummary(run.id, reason);
  transact(run.db, () => {
    run.rows.unreadable(summary);
    mark(run, { position: LOG_START, view: undefined, damage: [] }, summary, NO_FILES);
  });
  return 0;
}

function forget({ db, rows, id }: Pick<IndexedRun, "db" | "rows" | "id">): void {
  rows.clear(id);
  for (const table of ["logs", "states"]) db.prepare(`delete from ${table} where run = ?`).run(id);
}
