// The list of runs with the names and tags that people gave them.
import { join } from "node:path";
import { type Labels, LABELS_FILE, type ListedRun, listRuns, readLabels } from "../run/mod.ts";

/** Lists the runs in a folder, newest first. Labels are read again only when they have changed. */
export function createRunList(runsFolder: string): () => Promise<ListedRun[]> {
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
      runs.push({ ...run, name, tags });
    }
    return runs;
  };
}
