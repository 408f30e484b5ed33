// The list of runs, for scripts and notebooks.
import { type ListedRun, listRuns as listRunsIn } from "../run/mod.ts";
import { runsFolderOf } from "./find-run.ts";

/**
 * The runs of a folder, newest first, with their status, names and tags.
 *
 * @param options.runs as for `openRun()`
 * @throws UserError `folder.unreadable`
 *
 * @example
 * ```ts
 * import { listRuns } from "@stitchbook/stitchbook";
 *
 * for (const { id, status, meanBpb } of await listRuns()) console.log(id, status, meanBpb["bts"]);
 * ```
 */
export async function listRuns({ runs }: { readonly runs?: string | URL } = {}): Promise<ListedRun[]> {
  return await listRunsIn(runsFolderOf(runs));
}
