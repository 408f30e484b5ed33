// Finding a run from any folder: by what `deno task show` takes, or by the path or URL of its folder.
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { defaultRunsFolder, homeFolder, resolveRun } from "../run/mod.ts";

/** Where a run is. */
export interface RunPlace {
  readonly runsFolder: string;
  readonly id: string;
}

/**
 * Finds a run.
 *
 * @param run an id, the start of one, a name, `last`, or the path or file URL of a run's folder
 * @param runs the folder of the runs; a folder's path or URL says it itself
 * @param hint for a run that is not there. @default one for scripts
 * @throws UserError `run.none`, `run.url`, `run.ambiguous`, `run.removed`, `folder.unreadable`
 */
export async function findRun(
  run: string | URL,
  runs?: string | URL,
  hint = "start one with deno task bts, or look in another folder with openRun(run, { runs })",
): Promise<RunPlace> {
  const path = pathOf(run);
  if (/[\\/]/.test(path) && await isFolder(path)) {
    const folder = resolve(path);
    return { runsFolder: dirname(folder), id: await resolved(dirname(folder), basename(folder), hint) };
  }
  const runsFolder = runsFolderOf(runs);
  return { runsFolder, id: await resolved(runsFolder, path, hint) };
}

/**
 * The folder of the runs; by default where notebooks start runs, too.
 *
 * @throws UserError `run.url`
 */
export function runsFolderOf(runs: string | URL | undefined): string {
  return runs === undefined ? resolve(homeFolder(), defaultRunsFolder()) : resolve(pathOf(runs));
}

/** @throws UserError as `resolveRun()` does, with hints for the library */
async function resolved(runsFolder: string, run: string, hint: string): Promise<string> {
  try {
    return await resolveRun(runsFolder, run);
  } catch (error) {
    if (!(error instanceof UserError && error.code === "run.none") || error.hint?.startsWith("did you mean")) {
      throw error;
    }
    throw new UserError(error.code, error.message, hint);
  }
}

/** @throws UserError `run.url` for a URL that does not name a folder */
function pathOf(place: string | URL): string {
  if (typeof place === "string" && !/^[a-z][a-z\d+.-]+:\/\//i.test(place)) return place;
  const url = new URL(place);
  if (url.protocol === "file:") return fileURLToPath(url);
  throw new UserError(
    "run.url",
    `Cannot open ${url.href}: runs are folders on this machine`,
    "give a path or a file URL",
  );
}

const isFolder = (path: string) => Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
