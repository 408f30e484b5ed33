// The index of all runs: a SQLite file that is brought up to date from the logs, and rebuilt when it is damaged.
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { attempt, systemReason, UserError } from "../../errors.ts";
import { removeIfThere } from "../files/files.ts";
import { folderError, RUNS_FOLDER } from "../files/folders.ts";
import { isLocal } from "../files/shared-folder.ts";
import { indexProgress } from "./index-progress.ts";
import { type OnProgress, updateRuns, type UpdateScope } from "./index-update.ts";
import { INDEX_APPLICATION, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { isDamage, isUnwritable, pragma, transact } from "./sqlite.ts";

/** The index's file in the runs folder. It may be deleted at any time. */
export const INDEX_FILE = ".index.sqlite";
/** One process at a time updates the index; it holds a lock on this file. */
const LOCK_FILE = ".index.lock";
/** How long a statement waits for a reader of a file system without WAL. */
const BUSY_MS = 30_000;
/** How long to wait for a process that updates the index, which may be reading many logs for the first time. */
const TURN_MS = 120_000;

/** What an update of the index did. */
export interface IndexUpdate {
  readonly path: string;
  /** Why it was rebuilt, if it was. */
  readonly rebuilt: "missing" | "version" | "damaged" | "asked" | undefined;
  readonly runs: number;
  /** Events that were read from the logs. */
  readonly events: number;
}

export interface IndexOptions {
  /** Rebuilds the index from the logs, whatever its state. @default false */
  readonly rebuild?: boolean;
  /** @default shows progress on stderr when the update takes longer than a second */
  readonly onProgress?: OnProgress;
  /** Which runs are looked at. @default all */
  readonly scope?: UpdateScope;
}

/**
 * Brings the index of a runs folder up to date and calls `use` with it. Where the folder cannot be written, the index is
 * copied to a temporary folder and updated there, for this one use. Read it with a connection of your own.
 *
 * @throws UserError `folder.unreadable`, or `index.write` when it is to be rebuilt and the folder cannot be written
 */
export async function withIndex<T>(
  runsFolder: string,
  use: (update: IndexUpdate) => Promise<T> | T,
  options: IndexOptions = {},
): Promise<T> {
  await checkFolder(runsFolder);
  const { rebuild = false, onProgress = indexProgress(), scope = {} } = options;
  let update: IndexUpdate;
  try {
    const renew = rebuild ? "tables" : "nothing";
    update = await updateIndex({ runsFolder, place: runsFolder, renew, onProgress, scope });
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    if (rebuild) {
      throw new UserError(
        "index.write",
        `Cannot write the index of ${runsFolder}: ${systemReason(error) ?? (error as Error).message}`,
        "check that the folder exists and can be written, or give --runs <folder>",
      );
    }
    const place = await Deno.makeTempDir({ prefix: "stitchbook-index-" });
    try {
      await copyIndex(runsFolder, place);
      return await use(await updateIndex({ runsFolder, place, renew: "nothing", onProgress, scope }));
    } finally {
      await removeIfThere(place);
    }
  }
  try {
    return await use(update);
  } catch (error) {
    // Damage in pages that the update had no need of shows only now; and another process may have found it first.
    if (!isDamage(error) && !isUnwritable(error)) throw error;
    const renew = isDamage(error) ? "file" : "nothing";
    return await use(await updateIndex({ runsFolder, place: runsFolder, renew, onProgress, scope }));
  }
}

/** Opens the index for reading only. */
export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
}

/** @throws UserError `folder.unreadable`; a missing folder is an empty one */
async function checkFolder(runsFolder: string): Promise<void> {
  try {
    for await (const _ of Deno.readDir(runsFolder)) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw await folderError(runsFolder, RUNS_FOLDER, error);
  }
}

/** Copies the index, if there is one that can be read; otherwise the next update builds the copy from the logs. */
async function copyIndex(runsFolder: string, place: string): Promise<void> {
  let db: DatabaseSync | undefined;
  try {
    db = openForReading(join(runsFolder, INDEX_FILE));
    await backup(db, join(place, INDEX_FILE));
  } catch {
    // There is none, it is damaged, or it cannot be read.
  } finally {
    db?.close();
  }
}

/** What to rebuild in any case. The file itself is replaced only if it is damaged: others may be reading it. */
type Renew = "nothing" | "tables" | "file";

interface UpdateOptions {
  readonly runsFolder: string;
  /** The folder that the index is in. */
  readonly place: string;
  readonly renew: Renew;
  readonly onProgress: OnProgress;
  readonly scope: UpdateScope;
}

async function updateIndex(options: UpdateOptions): Promise<IndexUpdate> {
  const { place, renew } = options;
  using lock = await Deno.open(join(place, LOCK_FILE), { write: true, create: true });
  await takeTurn(lock, place);
  if (renew === "file") await removeIndex(join(place, INDEX_FILE));
  try {
    const update = await openAndUpdate(options, renew === "tables");
    return renew === "file" ? { ...update, rebuilt: "damaged" } : update;
  } catch (error) {
    if (!isDamage(error)) throw error;
    await removeIndex(join(place, INDEX_FILE));
    return { ...await openAndUpdate(options, false), rebuilt: "damaged" };
  }
}

/** Waits until no other process updates the index. One writer at a time also makes replacing the file safe. */
async function takeTurn(lock: Deno.FsFile, place: string): Promise<void> {
  const until = performance.now() + TURN_MS;
  // Without file locks, SQLite's own have to do; an index that gets damaged is rebuilt.
  while (!(await lock.tryLock(true).catch(() => true))) {
    if (performance.now() > until) {
      throw new UserError(
        "index.busy",
        `Another process has been updating the index of ${place} for more than ${TURN_MS / 1000} s`,
        "wait for it or end it; the index may be deleted at any time",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + 20 * Math.random()));
  }
}

async function openAndUpdate(
  { runsFolder, place, onProgress, scope }: UpdateOptions,
  renew: boolean,
): Promise<IndexUpdate> {
  const path = join(place, INDEX_FILE);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const rebuilt = prepare(db, place, renew);
    return { path, rebuilt, ...await updateRuns(db, runsFolder, onProgress, scope) };
  } finally {
    db.close();
  }
}

/** Makes the tables when asked to, or when they are not those of this version, and returns why. */
function prepare(db: DatabaseSync, place: string, renew: boolean): IndexUpdate["rebuilt"] {
  const [application, version] = [pragma(db, "application_id"), pragma(db, "user_version")];
  const objects = db.prepare("select type, name from sqlite_schema where name not like 'sqlite_%'").all();
  const fits = application === INDEX_APPLICATION && version === INDEX_VERSION && objects.length === OBJECTS;
  // The log of changes is shared memory: it works between processes of one machine only.
  const mode = isLocal(place) ? "wal" : "delete";
  // While another connection has the file open, it is written as that one does.
  if (pragma(db, "journal_mode") !== mode) attempt(() => pragma(db, `journal_mode = ${mode}`));
  db.exec("pragma synchronous = normal");
  if (fits && !renew) return undefined;
  transact(db, () => {
    for (const { type, name } of objects) {
      if (type === "table" || type === "view") {
        db.exec(`drop ${type} if exists "${String(name).replaceAll('"', '""')}"`);
      }
    }
    db.exec(INDEX_SCHEMA);
    db.exec(`pragma application_id = ${INDEX_APPLICATION}; pragma user_version = ${INDEX_VERSION};`);
  });
  return objects.length === 0 ? "missing" : fits ? "asked" : "version";
}

/** How many tables, views and indexes the schema creates. */
const OBJECTS = [...INDEX_SCHEMA.matchAll(/^create /gm)].length;

async function removeIndex(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", "-journal"]) await removeIfThere(path + end);
}
