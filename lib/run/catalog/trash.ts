// Removing runs so that they can be restored: they are moved to `<runs>/.trash/`, one folder per removal.
import { join } from "node:path";
import { systemReason, UserError } from "../../errors.ts";
import { removeIfThere, syncToDisk } from "../files/files.ts";
import { entriesBelow } from "../files/folders.ts";
import { writerLives } from "../process/lock.ts";
import { isRunId } from "../files/run-id.ts";

/** The folder of removed runs in the runs folder. Their cells stay in the cache. */
export const TRASH_FOLDER = ".trash";

/**
 * Moves runs to the trash as one removal: all of them, or none if one cannot be moved.
 *
 * @returns the removal's folder
 * @throws UserError `trash.running` when a process is writing one, `trash.move` when the folder cannot be changed
 */
export async function trashRuns(runsFolder: string, ids: readonly string[]): Promise<string> {
  const running = ids.filter((id) => writerLives(join(runsFolder, id)));
  if (running.length > 0) {
    throw new UserError("trash.running", `Cannot remove ${running.join(", ")}: it is being written`, "stop it first");
  }
  const removal = join(runsFolder, TRASH_FOLDER, await nextRemoval(runsFolder, new Date()));
  const moved: string[] = [];
  try {
    await Deno.mkdir(removal, { recursive: true });
    for (const id of ids) {
      await Deno.rename(join(runsFolder, id), join(removal, id));
      moved.push(id);
    }
  } catch (error) {
    for (const id of moved) await Deno.rename(join(removal, id), join(runsFolder, id));
    await Deno.remove(removal).catch(() => {});
    throw moveError("remove", ids, error);
  }
  await syncToDisk(runsFolder);
  return removal;
}

/**
 * Restores the runs of the last removal.
 *
 * @returns their ids
 * @throws UserError `trash.empty`, `trash.taken` when a run of that id is there again, `trash.move`
 */
export async function restoreLast(runsFolder: string): Promise<string[]> {
  const last = (await removals(runsFolder)).at(-1);
  if (last === undefined) {
    throw new UserError("trash.empty", `There is nothing to restore in ${join(runsFolder, TRASH_FOLDER)}`);
  }
  return await restore(runsFolder, last);
}

/**
 * Restores the runs of one removal.
 *
 * @param name one of {@linkcode removals}
 * @returns their ids
 * @throws UserError `trash.unknown`, `trash.taken` when a run of that id is there again, `trash.move`
 */
export async function restore(runsFolder: string, name: string): Promise<string[]> {
  if (!(await removals(runsFolder)).includes(name)) {
    throw new UserError("trash.unknown", `There is no removal ${JSON.stringify(name.slice(0, 50))} in the trash`);
  }
  const removal = join(runsFolder, TRASH_FOLDER, name);
  const ids = await namesIn(runsFolder, join(TRASH_FOLDER, name), isRunId);
  for (const id of ids) {
    if (await Deno.lstat(join(runsFolder, id)).then(() => true, () => false)) {
      throw new UserError("trash.taken", `Cannot restore ${id}: there is a run with this id in ${runsFolder}`);
    }
  }
  try {
    for (const id of ids) await Deno.rename(join(removal, id), join(runsFolder, id));
  } catch (error) {
    throw moveError("restore", ids, error);
  }
  await syncToDisk(runsFolder);
  await Deno.remove(removal).catch(() => {});
  return ids;
}

/** The removal that {@linkcode restoreLast} would undo: its runs, and when they were removed (ISO 8601, UTC). */
export async function lastRemoval(
  runsFolder: string,
): Promise<{ readonly runs: string[]; readonly time: string } | undefined> {
  const last = (await removals(runsFolder)).at(-1);
  return last === undefined ? undefined : await describe(runsFolder, last);
}

/** A removal in the trash. */
export interface Removal {
  readonly removal: string;
  /** When (ISO 8601, UTC). */
  readonly time: string;
  readonly runs: string[];
}

/** All removals, the last one first. */
export async function listRemovals(runsFolder: string): Promise<Removal[]> {
  const names = (await removals(runsFolder)).reverse();
  return await Promise.all(names.map(async (removal) => ({ removal, ...await describe(runsFolder, removal) })));
}

async function describe(runsFolder: string, removal: string) {
  const time = removal.replace(/^\d+-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  return { runs: await namesIn(runsFolder, join(TRASH_FOLDER, removal), isRunId), time };
}

/** Deletes every removed run for good; gives how many there were. */
export async function emptyTrash(runsFolder: string): Promise<number> {
  let count = 0;
  for (const removal of await removals(runsFolder)) {
    count += (await namesIn(runsFolder, join(TRASH_FOLDER, removal), isRunId)).length;
    await removeIfThere(join(runsFolder, TRASH_FOLDER, removal));
  }
  return count;
}

/** The removals that still hold runs, oldest first. */
export async function removals(runsFolder: string): Promise<string[]> {
  const names = await namesIn(runsFolder, TRASH_FOLDER, (name) => /^\d{6,}-\d{8}T\d{6}Z$/.test(name));
  const counts = await Promise.all(
    names.map(async (name) => (await namesIn(runsFolder, join(TRASH_FOLDER, name), isRunId)).length),
  );
  return names.filter((_, i) => counts[i]! > 0);
}

/** A name that sorts after every earlier removal, even if the clock was set back: a number, then the time. */
async function nextRemoval(runsFolder: string, now: Date): Promise<string> {
  const names = await namesIn(runsFolder, TRASH_FOLDER, (name) => /^\d{6,}-/.test(name));
  const last = Math.max(0, ...names.map((name) => parseInt(name)));
  return `${String(last + 1).padStart(6, "0")}-${now.toISOString().replace(/[-:]|\.\d+/g, "")}`;
}

/** Names of the folders in the trash, or in one of its removals. */
async function namesIn(runsFolder: string, path: string, fits: (name: string) => boolean): Promise<string[]> {
  const entries = await entriesBelow(runsFolder, path, "the trash");
  return entries.filter(({ isDirectory, name }) => isDirectory && fits(name)).map(({ name }) => name).sort();
}

function moveError(what: string, ids: readonly string[], error: unknown): UserError {
  const reason = systemReason(error) ?? error;
  return new UserError(
    "trash.move",
    `Cannot ${what} ${ids.join(", ")}: ${reason}`,
    "check that the runs folder can be written",
  );
}
