// Models as arguments of commands: a folder, or a run and the name of one of its models.
import { branchedRun, storedModel } from "../bts/mod.ts";
import { findModelRun } from "../library/mod.ts";

/** For a run that is not there. */
export const RUN_HINT = "deno task ls lists the runs; last is the newest one with models";

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
  const { id } = await findModelRun(run, runsFolder, RUN_HINT);
  return await storedModel(await branchedRun(runsFolder, id), model!);
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
