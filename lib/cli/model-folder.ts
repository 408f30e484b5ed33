// Models as arguments of commands: a folder, or a run and the name of one of its models.
import { branchedRun, storedModel } from "../bts/mod.ts";
import { resolveRun } from "../run/mod.ts";

/** `last:code`, `last:expert:code`; a run's name may have colons of its own. */
const RUN_AND_MODEL = /^([^/\\]+?):((?:expert:)?[^:/\\]+)$/;

/**
 * The folder that an argument means: itself if it is a path or exists, otherwise that of a run's model, as in `last:code`.
 *
 * @throws UserError `run.none`, `run.ambiguous`, `run.removed`, `run.experiment`, and as `storedModel()` does
 */
export async function modelFolder(runsFolder: string, text: string): Promise<string> {
  const [, run, model] = RUN_AND_MODEL.exec(text) ?? [];
  if (run === undefined || await exists(text)) return text;
  return await storedModel(await branchedRun(runsFolder, await resolveRun(runsFolder, run)), model!);
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
