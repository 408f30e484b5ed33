// The list of runs with what tells them apart: the command that started each.
import { followEvents, listRuns } from "../run/mod.ts";
import type { ListedRun } from "./schemas.ts";

/** Lists the runs in a folder, newest first. A run's command is read once: it never changes. */
export function createRunList(runsFolder: string): () => Promise<ListedRun[]> {
  const commands = new Map<string, readonly string[]>();

  const commandOf = async (id: string): Promise<readonly string[]> => {
    const known = commands.get(id);
    if (known !== undefined) return known;
    // A run that is listed has a start, so this takes the first lines of its log and no more.
    for await (const event of followEvents(runsFolder, id)) {
      if (event.kind === "run.start") commands.set(id, event.command);
      break;
    }
    return commands.get(id) ?? [];
  };

  return async () => {
    const runs: ListedRun[] = [];
    for (const run of await listRuns(runsFolder)) runs.push({ ...run, command: await commandOf(run.id) });
    return runs;
  };
}
