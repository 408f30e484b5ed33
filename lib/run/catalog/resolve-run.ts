// Finding a run by id, name, title, the start of an id, or `last`.
import { join } from "node:path";
import { didYouMean, UserError } from "../../errors.ts";
import type { ListedRun } from "../events/views.ts";
import { runFolder } from "../log/read.ts";
import { hasBegun, lastRun, listRuns } from "./run-list.ts";
import { removals, TRASH_FOLDER } from "./trash.ts";

/**
 * The id of the run that `text` means. For a whole id, no other log is looked at; for `last`, only the first
 * line of the newest and of those that the index does not know.
 *
 * @param text a whole id, `last`, or something that exactly one run has: a name, otherwise a title (`--name`), otherwise the
 *   start of an id
 * @throws UserError `run.none`, `run.ambiguous`, `run.removed` when it is in the trash, `folder.unreadable`
 */
export async function resolveRun(runsFolder: string, text: string): Promise<string> {
  const folder = await runFolder(runsFolder, text);
  if (folder !== undefined && await hasBegun(folder)) return text;
  const last = text === "last" ? await lastRun(runsFolder) : undefined;
  if (last !== undefined) return last;
  const runs = await listRuns(runsFolder);
  if (runs.length > 0 && text === "last") {
    throw new UserError(
      "run.none",
      runs.length === 1
        ? `The only run in ${runsFolder} cannot be read`
        : `None of the ${runs.length} runs in ${runsFolder} can be read`,
      runs[0]!.error ?? undefined,
    );
  }
  if (runs.length === 0) {
    await refuseRemoved(runsFolder, text);
    throw new UserError("run.none", `There is no run in ${runsFolder}`, "start one with deno task bts, or give --runs");
  }
  const named = runsNamed(runs, text);
  const matches = named.length > 0 ? named : idsBeginning(runs, text);
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    const some = matches.slice(0, 5).join(", ") + (matches.length > 5 ? ", …" : "");
    throw new UserError(
      "run.ambiguous",
      `"${text}" ${named.length > 0 ? "names" : "begins"} ${matches.length} runs: ${some}`,
      named.length > 0 ? "give the id of one" : "give more of the id",
    );
  }
  await refuseRemoved(runsFolder, text);
  throw new UserError(
    "run.none",
    `There is no run "${text}" in ${runsFolder}`,
    didYouMean(text, runs.map(({ id }) => id), "", "deno task ls lists the runs; last is the newest"),
  );
}

/** The runs with this name or, when there are none, with this title. */
function runsNamed(runs: readonly ListedRun[], name: string): string[] {
  if (name === "") return [];
  const renamed = runs.filter((run) => run.name === name);
  return (renamed.length > 0 ? renamed : runs.filter(({ title }) => title === name)).map(({ id }) => id);
}

function idsBeginning(runs: readonly ListedRun[], text: string): string[] {
  return text === "" ? [] : runs.map(({ id }) => id).filter((id) => id.startsWith(text));
}

/**
 * Explains that a removed run is in the trash.
 *
 * @throws UserError `run.removed`
 */
async function refuseRemoved(runsFolder: string, text: string): Promise<void> {
  const newestFirst = (await removals(runsFolder)).reverse();
  for (const [later, removal] of newestFirst.entries()) {
    const runs = await listRuns(join(runsFolder, TRASH_FOLDER, removal));
    const named = runsNamed(runs, text);
    const [id] = named.length > 0 ? named : idsBeginning(runs, text);
    if (id === undefined) continue;
    throw new UserError(
      "run.removed",
      `The run ${id} is in the trash of ${runsFolder}`,
      later === 0
        ? "deno task undo restores it"
        : `deno task undo restores it, after ${later} later removal${later === 1 ? "" : "s"}`,
    );
  }
}
