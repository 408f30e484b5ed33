// Keeping the folds of all runs of a folder that have none, such as those that were killed.
import { join } from "node:path";
import { runIds } from "../log/read.ts";
import { writerLives } from "../process/lock.ts";
import { foldLog } from "./kept-fold.ts";

/**
 * Keeps the folds of the long logs of a folder. Runs under way are left to those who write them.
 *
 * @returns how many are kept anew
 * @throws UserError `folder.unreadable`
 */
export async function foldLogs(runsFolder: string): Promise<number> {
  let kept = 0;
  for (const id of await runIds(runsFolder)) {
    const folder = join(runsFolder, id);
    if (!writerLives(folder) && await foldLog(folder)) kept++;
  }
  return kept;
}
