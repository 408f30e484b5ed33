// Listing folders that may be missing, that may not be read, or that are no folders at all.
import { join } from "node:path";
import { systemReason, UserError } from "../../errors.ts";

/** How messages call the folder that `--runs` names. */
export const RUNS_FOLDER = "the runs folder";

/**
 * The entries of a runs folder; none when it does not exist.
 *
 * @throws UserError `folder.unreadable` when the system does not let us list it, or when it is no folder
 */
export async function entriesOf(runsFolder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(runsFolder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw await folderError(runsFolder, RUNS_FOLDER, error);
  }
}

/**
 * The entries of a folder in a runs folder; none when it does not exist.
 *
 * @param what the folder's name in messages: `the trash`
 * @throws UserError `folder.unreadable`, of the runs folder where that is what cannot be read
 */
export async function entriesBelow(runsFolder: string, path: string, what: string): Promise<Deno.DirEntry[]> {
  const folder = join(runsFolder, path);
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    await entriesOf(runsFolder);
    throw await folderError(folder, what, error);
  }
}

/** The user's error for a folder that cannot be read; any other error unchanged. */
export async function folderError(folder: string, what: string, error: unknown): Promise<unknown> {
  const reason = systemReason(error);
  if (reason === undefined) return error;
  const isFile = await Deno.stat(folder).then((info) => !info.isDirectory, () => false);
  return new UserError(
    "folder.unreadable",
    `Cannot read ${what} ${folder}: ${isFile ? "it is a file, not a folder" : reason}`,
    what === RUNS_FOLDER
      ? `${isFile ? "" : "let this account read it, or "}give another one with --runs <folder>`
      : undefined,
  );
}
