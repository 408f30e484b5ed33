// The list of runs with what tells them apart: the command that started each, and what people call it.
import { join } from "node:path";
import { followEvents, type Labels, LABELS_FILE, listRuns, readLabels } from "../run/mod.ts";
import type { ListedRun } from "./schemas.ts";

/** Lists the runs in a folder, newest first. A run's command is read once: it never changes. Labels are read when they did. */
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

  const labels = new Map<string, { readonly stamp: string; readonly labels: Labels }>();
  const labelsOf = async (id: string): Promise<Labels> => {
    const folder = join(runsFolder, id);
    const info = await Deno.stat(join(folder, LABELS_FILE)).catch(() => undefined);
    const stamp = `${info?.size} ${info?.mtime?.getTime()}`;
    const known = labels.get(id);
    if (known?.stamp === stamp) return known.labels;
    const read = await readLabels(folder);
    labels.set(id, { stamp, labels: read });
    return read;
  };

  return async () => {
    const runs: ListedRun[] = [];
    for (const run of await listRuns(runsFolder)) {
      const { name, tags } = await labelsOf(run.id);
      runs.push({ ...run, command: await commandOf(run.id), name, tags });
    }
    return runs;
  };
}
