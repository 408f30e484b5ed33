// Freeing the disk of finished cells' checkpoints: all but the last, from which a cell can be trained further.
import { join } from "node:path";
import { absent } from "../../errors.ts";
import { findCell, isCellKey } from "./cell-store.ts";
import {
  CHECKPOINTS_FOLDER,
  checkpointsOf,
  checkpointSteps,
  latestCheckpoint,
  removeAside,
} from "./checkpoint-store.ts";
import { filesBelow } from "../files/files.ts";
import { readRun, runIds } from "../log/read.ts";

/** What of one finished cell is freed, or would be. */
export interface FreedCheckpoints {
  /** Its name in a run that has it; null when no run has. */
  readonly cell: string | null;
  readonly key: string;
  /** Steps of what goes. */
  readonly steps: readonly number[];
  readonly bytes: number;
  /** The step that is kept, from which training can resume. */
  readonly kept: number;
}

/**
 * Removes the checkpoints of cells that are finished, and whole in the cache, but for each cell's newest whole one. Cells
 * that are not finished keep all of theirs; a cell without a whole checkpoint is left alone.
 *
 * @param runs only cells of these; undefined: all cells of the folder, also those of runs that were removed
 * @param dryRun removes nothing, and says what would go
 */
export async function freeCheckpoints(
  runsFolder: string,
  { runs, dryRun }: { readonly runs?: readonly string[] | undefined; readonly dryRun: boolean },
): Promise<FreedCheckpoints[]> {
  const names = await finishedCells(runsFolder, runs ?? await runIds(runsFolder));
  const keys = runs === undefined ? await storedKeys(runsFolder) : [...names.keys()];
  const freed: FreedCheckpoints[] = [];
  for (const key of keys.sort()) {
    const store = checkpointsOf(runsFolder, key);
    const steps = await checkpointSteps(store);
    if (steps.length < 2 || (await findCell(runsFolder, key)).kind !== "whole") continue;
    const last = await latestCheckpoint(store, key, () => {});
    if (last === undefined) continue;
    const leaving = steps.filter(({ step }) => step !== last.step);
    let bytes = 0;
    for (const { folder } of leaving) bytes += await bytesBelow(folder);
    if (!dryRun) await removeAside(store, leaving.map(({ folder }) => folder));
    freed.push({ cell: names.get(key) ?? null, key, steps: leaving.map(({ step }) => step), bytes, kept: last.step });
  }
  return freed.sort((a, b) => b.bytes - a.bytes);
}

/** The finished cells of runs: their names by key. */
async function finishedCells(runsFolder: string, runs: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const id of runs) {
    for (const { name, cellKey, status } of (await readRun(runsFolder, id))?.cells ?? []) {
      // A log may say anything; only a key may be part of a path.
      if ((status === "done" || status === "cached") && isCellKey(cellKey)) names.set(cellKey, name);
    }
  }
  return names;
}

async function storedKeys(runsFolder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(runsFolder, CHECKPOINTS_FOLDER))).catch(absent) ?? [];
  return entries.filter(({ name, isDirectory }) => isDirectory && isCellKey(name)).map(({ name }) => name);
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await filesBelow(folder)) bytes += (await Deno.stat(join(folder, path))).size;
  return bytes;
}
