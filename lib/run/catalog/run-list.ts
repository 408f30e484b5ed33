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

/** The id of the run that began last, of those that can be read; only the first line of each log is read for it. */
export async function lastRun(runsFolder: string): Promise<string | undefined> {
  let last: { readonly id: string; readonly time: string } | undefined;
  for (const id of await runIds(runsFolder)) {
    const time = await startOf(join(runsFolder, id), id).catch((error) => {
      if (refusalOf(error) === undefined) throw error;
    });
    if (time !== undefined && (last === undefined || time > last.time)) last = { id, time };
  }
  return last?.id;
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

/** The index as it is, opened at the first lookup. Without an index, nothing is found. */
function openIndex(runsFolder: string): { readonly lookup: Lookup } & Disposable {
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
    [Symbol.dispose]: () => db?.close(),
  };
}
