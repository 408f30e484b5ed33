// Finding the run that a person means: by id, by name, by title, by the start of an id, or `last`.
import { join } from "node:path";
import { nearest, UserError } from "../../errors.ts";
import { readLabels } from "./labels.ts";
import { listRuns } from "../log/read.ts";
import type { RunSummary } from "../events/views.ts";
import { removals, TRASH_FOLDER } from "./trash.ts";

/**
 * The id of the run that `text` means.
 *
 * @param text a whole id, `last`, or what exactly one run has: a name that people gave it, otherwise a title (`--name`),
 *   otherwise the start of an id
 * @throws UserError `run.none`, `run.ambiguous`, `run.removed` when it is in the trash
 */
export async function resolveRun(runsFolder: string, text: string): Promise<string> {
  const runs = await listRuns(runsFolder);
  const ids = runs.map(({ id }) => id);
  if (ids.length === 0) {
    await refuseRemoved(runsFolder, text);
    throw new UserError("run.none", `There is no run in ${runsFolder}`, "start one with deno task bts, or give --runs");
  }
  if (text === "last") return ids[0]!;
  if (ids.includes(text)) return text;
  const named = await runsNamed(runsFolder, runs, text);
  const matches = named.length > 0 ? named : idsBeginning(runs, text);
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    const some = matches.slice(0, 5).join(", ") + (matches.length > 5 ? ", …" : "");
    throw new UserError(
      "run.ambiguous",
      `"${text}" ${named.length > 0 ? "names" : "begins"} ${matches.length} runs: ${some}`,
      "give more of the id",
    );
  }
  await refuseRemoved(runsFolder, text);
  const near = nearest(text, ids);
  throw new UserError(
    "run.none",
    `There is no run "${text}" in ${runsFolder}`,
    near === undefined ? "deno task ls lists the runs; last is the newest" : `did you mean ${near}?`,
  );
}

/** The runs that people gave this name or, when there is none, those of this title. */
async function runsNamed(runsFolder: string, runs: readonly RunSummary[], name: string): Promise<string[]> {
  if (name === "") return [];
  const labels = await Promise.all(runs.map(({ id }) => readLabels(join(runsFolder, id))));
  const renamed = runs.filter((_, i) => labels[i]!.name === name);
  return (renamed.length > 0 ? renamed : runs.filter(({ title }) => title === name)).map(({ id }) => id);
}

function idsBeginning(runs: readonly RunSummary[], text: string): string[] {
  return text === "" ? [] : runs.map(({ id }) => id).filter((id) => id.startsWith(text));
}

/**
 * Says of a run that was removed where it is.
 *
 * @throws UserError `run.removed`
 */
async function refuseRemoved(runsFolder: string, text: string): Promise<void> {
  const newestFirst = (await removals(runsFolder)).reverse();
  for (const [later, removal] of newestFirst.entries()) {
    const folder = join(runsFolder, TRASH_FOLDER, removal);
    const runs = await listRuns(folder);
    const named = await runsNamed(folder, runs, text);
    const [id] = named.length > 0 ? named : idsBeginning(runs, text);
    if (id === undefined) continue;
    throw new UserError(
      "run.removed",
      `The run ${id} is in the trash of ${runsFolder}`,
      later === 0
        ? "deno task undo brings it back"
        : `deno task undo brings it back, after ${later} later removal${later === 1 ? "" : "s"}`,
    );
  }
}
