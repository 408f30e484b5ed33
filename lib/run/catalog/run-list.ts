// All runs of a folder, newest first. Nothing is written; logs that the index already knows are not read again.
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { attempt } from "../../errors.ts";
import type { Labels, ListedRun, RunSummary } from "../events/views.ts";
import { LOG_FILE } from "../log/log.ts";
import { runIds } from "../log/read.ts";
import { startOf } from "../log/start.ts";
import { type FileStamp, isSame, type Lookup, refusalOf, stampOf, summaryOf } from "../log/summary.ts";
import { INDEX_APPLICATION, INDEX_VERSION } from "./index-schema.ts";
import { LABELS_FILE, readLabels } from "./labels.ts";
import { INDEX_FILE } from "./runs-index.ts";
import { pragma } from "./sqlite.ts";

/**
 * The runs in a folder, newest first; those that have not begun are left out. A run that cannot be read is listed as
 * such, and hides no other.
 *
 * @throws UserError `folder.unreadable`
 */
export async function listRuns(runsFolder: string): Promise<ListedRun[]> {
  using index = openIndex(runsFolder);
  const runs: ListedRun[] = [];
  for (const id of await runIds(runsFolder)) {
    const folder = join(runsFolder, id);
    const summary = await summaryOf(folder, id, index.lookup);
    if (summary === undefined) continue;
    const { name, tags } = await labelsOf(folder);
    runs.push({ ...summary, name, tags: [...tags] });
  }
  return runs.sort((a, b) => a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0);
}

/** The id of the run that began last, of those that can be read; see {@linkcode idsByStart}. */
export async function lastRun(runsFolder: string): Promise<string | undefined> {
  for (const id of await idsByStart(runsFolder)) if (await startTime(runsFolder, id) !== undefined) return id;
}

/**
 * The ids of the runs that can be read, those that began last first. Of logs that the index does not know, the first line
 * is read; no log that it knows is looked at, and it may be gone by now.
 */
export async function idsByStart(runsFolder: string): Promise<string[]> {
  using index = openIndex(runsFolder);
  const known = index.starts();
  const found: { readonly id: string; readonly time: string }[] = [];
  for (const id of await runIds(runsFolder)) {
    const time = known.get(id) ?? await startTime(runsFolder, id);
    if (time !== undefined) found.push({ id, time });
  }
  return found.sort((a, b) => a.time < b.time ? 1 : a.time > b.time ? -1 : 0).map(({ id }) => id);
}

/** When a run began; undefined if it has not, or cannot be read. */
async function startTime(runsFolder: string, id: string): Promise<string | undefined> {
  return await startOf(join(runsFolder, id), id).catch((error) => {
    if (refusalOf(error) === undefined) throw error;
    return undefined;
  });
}

/** Whether a folder contains a run that has begun; a folder that cannot be read counts. */
export async function hasBegun(folder: string): Promise<boolean> {
  return await stampOf(join(folder, LOG_FILE)).then((stamp) => stamp !== undefined, () => true);
}

const NO_LABELS: Labels = { name: null, tags: [], notes: [], damaged: 0 };

/** Labels of files that have not changed since they were read. */
const known = new Map<string, { readonly stamp: FileStamp | undefined; readonly labels: Labels }>();

async function labelsOf(folder: string): Promise<Labels> {
  try {
    const stamp = await stampOf(join(folder, LABELS_FILE));
    const before = known.get(folder);
    if (before !== undefined && isSame(before.stamp, stamp)) return before.labels;
    const labels = stamp === undefined ? NO_LABELS : await readLabels(folder);
    known.set(folder, { stamp, labels });
    return labels;
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return NO_LABELS;
  }
}

/** The index as it is, opened when it is first needed. Without an index, nothing is found. */
interface OpenedIndex extends Disposable {
  readonly lookup: Lookup;
  /** When each run began that could be read. */
  starts(): ReadonlyMap<string, string>;
}

function openIndex(runsFolder: string): OpenedIndex {
  let db: DatabaseSync | undefined;
  let select: StatementSync | undefined;
  let tried = false;
  const open = () => {
    tried = true;
    const opened = new DatabaseSync(join(runsFolder, INDEX_FILE), { readOnly: true });
    if (pragma(opened, "application_id") === INDEX_APPLICATION && pragma(opened, "user_version") === INDEX_VERSION) {
      db = opened;
      select = db.prepare(
        "select summary from logs where run = ? and log_file = ? and log_size = ? and log_time = ?",
      );
    } else opened.close();
  };
  return {
    lookup(id, { file, size, time }) {
      // It may be damaged, locked, or not readable. The logs have the same information.
      return attempt(() => {
        if (!tried) open();
        const row = select?.get(id, file, size, time);
        return row === undefined ? undefined : JSON.parse(String(row.summary)) as RunSummary;
      });
    },
    starts() {
      const rows = attempt(() => {
        if (!tried) open();
        return db?.prepare("select id, started from runs where status <> 'unreadable'").all();
      });
      return new Map((rows ?? []).map(({ id, started }) => [String(id), String(started)]));
    },
    [Symbol.dispose]: () => db?.close(),
  };
}
