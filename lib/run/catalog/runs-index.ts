// The index over all runs: a SQLite file that is brought up to date from the logs, and built anew when it is not sound.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../errors.ts";
import { removeIfThere } from "../files/files.ts";
import { updateRuns } from "./index-update.ts";
import { INDEX_APPLICATION, INDEX_SCHEMA, INDEX_VERSION } from "./index-schema.ts";
import { isDamage, isLocal, isUnwritable, pragma, transact } from "./sqlite.ts";

/** The index's file in the runs folder. It may be deleted at any time. */
export const INDEX_FILE = ".index.sqlite";
/** One process at a time brings the index up to date; it holds a lock on this file. */
const LOCK_FILE = ".index.lock";
/** How long a statement waits for a reader of a file system without WAL. */
const BUSY_MS = 30_000;
/** How long to wait for a process that keeps the index, which may be reading many logs for the first time. */
const TURN_MS = 120_000;

/** What bringing the index up to date did. */
export interface IndexUpdate {
  readonly path: string;
  /** Whether it was made from nothing, and why: `missing`, `version`, `damaged`, `asked`. */
  readonly rebuilt: "missing" | "version" | "damaged" | "asked" | undefined;
  readonly runs: number;
  /** Events that were read from logs this time. */
  readonly events: number;
}

/**
 * Brings the index of a runs folder up to date and calls `use` with it. Where the folder cannot be written, an index
 * is made in a temporary folder for this one use. The index is read with a connection of its own.
 *
 * @throws UserError `index.write` when it is to be rebuilt and the folder cannot be written
 */
export async function withIndex<T>(
  runsFolder: string,
  use: (update: IndexUpdate) => Promise<T> | T,
  options: { readonly rebuild?: boolean } = {},
): Promise<T> {
  let update: IndexUpdate;
  try {
    update = await updateIndex(runsFolder, runsFolder, options.rebuild ? "tables" : "nothing");
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    if (options.rebuild) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UserError(
        "index.write",
        `Cannot write the index of ${runsFolder}: ${reason}`,
        "check that the folder is there and can be written, or give --runs <folder>",
      );
    }
    const temporary = await Deno.makeTempDir({ prefix: "stitchbook-index-" });
    try {
      return await use(await updateIndex(runsFolder, temporary, "nothing"));
    } finally {
      await removeIfThere(temporary);
    }
  }
  try {
    return await use(update);
  } catch (error) {
    // Damage in pages that the update had no need of shows only now; and another process may have found it first.
    if (!isDamage(error) && !isUnwritable(error)) throw error;
    return await use(await updateIndex(runsFolder, runsFolder, isDamage(error) ? "file" : "nothing"));
  }
}

/** Opens the index for reading only. */
export function openForReading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
}

/** What is made anew whatever state it is in. Only a damaged file is replaced: others may be reading it. */
type Renew = "nothing" | "tables" | "file";

async function updateIndex(runsFolder: string, place: string, renew: Renew): Promise<IndexUpdate> {
  using lock = await Deno.open(join(place, LOCK_FILE), { write: true, create: true });
  await takeTurn(lock, place);
  if (renew === "file") await removeIndex(join(place, INDEX_FILE));
  try {
    const update = await openAndUpdate(runsFolder, place, renew === "tables");
    return renew === "file" ? { ...update, rebuilt: "damaged" } : update;
  } catch (error) {
    if (!isDamage(error)) throw error;
    await removeIndex(join(place, INDEX_FILE));
    return { ...await openAndUpdate(runsFolder, place, false), rebuilt: "damaged" };
  }
}

/** Waits until no other process keeps the index: one writer at a time also makes replacing the file safe. */
async function takeTurn(lock: Deno.FsFile, place: string): Promise<void> {
  const until = performance.now() + TURN_MS;
  // A file system without locks: SQLite's own have to do, and what goes wrong is built anew.
  while (!(await lock.tryLock(true).catch(() => true))) {
    if (performance.now() > until) {
      throw new UserError(
        "index.busy",
        `Another process has kept the index of ${place} for more than ${TURN_MS / 1000} s`,
        "wait for it or end it; the index may be deleted at any time",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + 20 * Math.random()));
  }
}

async function openAndUpdate(runsFolder: string, place: string, renew: boolean): Promise<IndexUpdate> {
  const path = join(place, INDEX_FILE);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const rebuilt = prepare(db, place, renew);
    return { path, rebuilt, ...await updateRuns(db, runsFolder) };
  } finally {
    db.close();
  }
}

/** Makes the tables when asked to, or when they are not the ones of this version; says why. */
function prepare(db: DatabaseSync, place: string, renew: boolean): IndexUpdate["rebuilt"] {
  const [application, version] = [pragma(db, "application_id"), pragma(db, "user_version")];
  const objects = db.prepare("select type, name from sqlite_schema where name not like 'sqlite_%'").all();
  const fits = application === INDEX_APPLICATION && version === INDEX_VERSION && objects.length === OBJECTS;
  // The log of changes is shared memory: it works between processes of one machine only.
  const mode = isLocal(place) ? "wal" : "delete";
  if (pragma(db, "journal_mode") !== mode) pragma(db, `journal_mode = ${mode}`);
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

/** How many tables, views and indexes the schema makes by name. */
const OBJECTS = [...INDEX_SCHEMA.matchAll(/^create /gm)].length;

async function removeIndex(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm", "-journal"]) await removeIfThere(path + end);
}
