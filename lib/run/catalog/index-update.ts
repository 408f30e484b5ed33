// Bringing the rows of every run up to date: only what its log and labels have gained since the last time is read.
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type RunRows, runRows } from "./index-rows.ts";
import { LABELS_FILE, readLabels } from "./labels.ts";
import { writerState } from "../process/lock.ts";
import { LOG_FILE } from "../log/log.ts";
import { LOG_START, type LogPosition, readPiece } from "../log/parse-log.ts";
import { runIds } from "../log/read.ts";
import { transact } from "./sqlite.ts";

/** What the index knows about a log: which file it was, how large and how old, and how far it was read. */
interface Known extends LogPosition {
  readonly log_file: number;
  readonly log_size: number;
  readonly log_time: number;
  readonly damaged: number;
  readonly labels_size: number;
  readonly labels_time: number;
}

/** Updates every run's rows and removes those of runs that are gone. */
export async function updateRuns(db: DatabaseSync, runsFolder: string): Promise<{ runs: number; events: number }> {
  const known = new Map<string, Known>();
  for (const row of db.prepare("select * from logs").all()) known.set(String(row.run), row as unknown as Known);
  const open = new Map(
    db.prepare("select id, status from runs where status in ('running', 'stalled', 'lost')").all()
      .map(({ id, status }) => [String(id), String(status)]),
  );
  let events = 0;
  let runs = 0;
  for (const id of await runIds(runsFolder)) {
    const read = await updateRun(db, join(runsFolder, id), id, known.get(id), open.get(id));
    known.delete(id);
    if (read === undefined) continue;
    events += read;
    runs++;
  }
  if (known.size > 0) transact(db, () => [...known.keys()].forEach((id) => forget(db, id)));
  return { runs, events };
}

/** How many events were read, or undefined when the folder holds no log. */
async function updateRun(
  db: DatabaseSync,
  folder: string,
  id: string,
  before: Known | undefined,
  status: string | undefined,
) {
  // Asked before reading, so that a writer that ends in between is not taken for one that died.
  const writer = writerState(folder);
  const log = await stampOf(join(folder, LOG_FILE));
  if (log === undefined) {
    if (before !== undefined) transact(db, () => forget(db, id));
    return undefined;
  }
  const labels = await stampOf(join(folder, LABELS_FILE)) ?? { size: 0, time: 0 };
  const sameLog = before !== undefined && before.log_file === log.file && before.log_size === log.size &&
    before.log_time === log.time;
  const sameLabels = before?.labels_size === labels.size && before.labels_time === labels.time;
  // A live writer's run may have stalled by its own word, which only its rows tell.
  const settled = status === undefined || (writer === "gone" && status === "lost");
  if (sameLog && sameLabels && settled) return 0;
  const rows = runRows(db, id);
  const grown = before !== undefined && before.log_file === log.file && log.size > before.log_size &&
    log.size >= before.offset;
  // A log with damaged lines is read from its start again: it may have been mended.
  const known = sameLog || grown && before.damaged === 0 ? before : undefined;
  const state = { position: known ?? LOG_START as LogPosition, damaged: known?.damaged ?? 0, unfinished: 0 };
  const mark = (complete: boolean) =>
    db.prepare("insert or replace into logs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
      // Until the log was read to its end its stamp says "not yet".
      ...[id, log.file, complete ? log.size : 0, complete ? log.time : 0] as const,
      ...[state.position.offset, state.position.line, state.position.seq, state.damaged] as const,
      ...[labels.size, labels.time] as const,
    );
  const events = sameLog ? 0 : await readOn(db, folder, rows, state, known === undefined, () => mark(false));
  const given = await readLabels(folder);
  transact(db, () => {
    if (!sameLog || !sameLabels) rows.label(given);
    const halfWritten = state.position.offset < log.size && writer === "gone" ? 1 : 0;
    rows.settle(writer, state.damaged + halfWritten + given.damaged);
    mark(true);
  });
  return events;
}

/** Reads a log from `state.position` to its end, a transaction a piece; a kill in between loses nothing. */
async function readOn(
  db: DatabaseSync,
  folder: string,
  rows: RunRows,
  state: { position: LogPosition; damaged: number },
  afresh: boolean,
  mark: () => void,
): Promise<number> {
  let events = 0;
  let first = afresh;
  for (;;) {
    const piece = await readPiece(join(folder, LOG_FILE), state.position);
    const atEnd = piece.position.offset === state.position.offset;
    if (atEnd && !first) return events;
    state.position = piece.position;
    state.damaged += piece.damage.length;
    transact(db, () => {
      if (first) rows.clear();
      piece.events.forEach(rows.apply);
      mark();
    });
    first = false;
    events += piece.events.length;
    if (atEnd) return events;
  }
}

function forget(db: DatabaseSync, id: string): void {
  runRows(db, id).clear();
  db.prepare("delete from logs where run = ?").run(id);
}

async function stampOf(path: string): Promise<{ file: number; size: number; time: number } | undefined> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (!info?.isFile) return undefined;
  return { file: info.ino ?? 0, size: info.size, time: info.mtime?.getTime() ?? 0 };
}
