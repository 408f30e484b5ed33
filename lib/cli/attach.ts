// `deno task attach <run>`: follows the jobs of a run that was left to a cluster.
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.ts";
import { readTable } from "../engine/mod.ts";
import { defaultRunsFolder, parseWithCommander } from "../run/mod.ts";
import { namedRun, type Print } from "./command.ts";
import { continueRun } from "./resume.ts";

/**
 * Follows the jobs of a run as the command did that handed them in, in a process in the foreground. Hands none in.
 *
 * @returns its exit code
 * @throws UserError `run.none`, `run.locked` when a process follows them, `attach.none` when it has no jobs, `attach.done`
 *   when it is done
 */
export async function attachCommand(args: readonly string[], print: Print = console.log): Promise<number> {
  const command = new Command("attach")
    .description("Follows the jobs of a run on a cluster, as the command did that started it, up to its report.")
    .argument("[run]", "id or name of the run, the start of an id, or last", "last")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return 0;
  }
  const runs = String(parsed.options.runs);
  const view = await namedRun(runs, parsed.positional[0] ?? "last");
  if (Object.keys(await readTable(join(runs, view.id))).length === 0) {
    throw new UserError(
      "attach.none",
      `Cannot attach to ${view.id}: it has no jobs on a cluster`,
      `deno task resume ${view.id} continues it`,
    );
  }
  if (view.status === "done") {
    throw new UserError(
      "attach.done",
      `Cannot attach to ${view.id}: it is done, and its jobs have ended`,
      `deno task show ${view.id} shows what came of it`,
    );
  }
  return await continueRun(view, runs, ["--attach"]);
}
