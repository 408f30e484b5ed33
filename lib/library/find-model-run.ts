// Finding the run whose models are meant.
import { join } from "node:path";
import { branchedRun } from "../bts/mod.ts";
import { UserError } from "../errors.ts";
import { idsByStart } from "../run/mod.ts";
import { findRun, type RunPlace } from "./find-run.ts";

/**
 * Finds a run as `findRun()` does, except that `last` is the newest run that has models: what was only measured or
 * compared since, by refinement for instance, does not count. If no run has models, it is the newest of all.
 *
 * @throws UserError as `findRun()` does
 */
export async function findModelRun(run: string | URL, runs?: string | URL, hint?: string): Promise<RunPlace> {
  const place = await findRun(run, runs, hint);
  if (run !== "last" || await hasModels(place)) return place;
  for (const id of await idsByStart(place.runsFolder)) {
    const other = { runsFolder: place.runsFolder, id };
    if (await hasModels(other)) return other;
  }
  return place;
}

/** The folder of a run, which names it at any later time, too, when `last` or a name may be another one. */
export function folderOfRun({ runsFolder, id }: RunPlace): string {
  return join(runsFolder, id);
}

function hasModels({ runsFolder, id }: RunPlace): Promise<boolean> {
  return branchedRun(runsFolder, id).then(() => true, (error) => {
    if (error instanceof UserError) return false;
    throw error;
  });
}
