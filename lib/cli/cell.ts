// `deno task cell <run> <cell>`: builds one cell of a run, from what the cache has.
import { Command } from "commander";
import { defaultRunsFolder, parseWithCommander, readInteger } from "../run/mod.ts";
import { namedRun, type Print } from "./command.ts";
import { giveCommandAgain } from "./resume.ts";

/**
 * Builds one cell of a run in a process in the foreground; the run need not be under way.
 *
 * @returns its exit code
 * @throws UserError `run.none`, and as `resumeArguments()` does
 */
export async function cellCommand(args: readonly string[], print: Print = console.log): Promise<number> {
  const command = new Command("cell")
    .description(
      "Builds one cell of a run, or finds it in the cache. What it builds on must be there. The run itself is not " +
        "changed: when it is resumed, it finds the cell.",
    )
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .argument("<cell>", "name of the cell, such as expert:code")
    .option("--threads <number>", "threads of the cpu device")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return 0;
  }
  const [run, cell] = parsed.positional;
  const { threads, runs } = parsed.options as { readonly threads?: string; readonly runs: string };
  if (threads !== undefined) readInteger("--threads", threads, 1, 4096);
  const more = ["--cell", cell!, ...(threads === undefined ? [] : ["--threads", threads])];
  return await giveCommandAgain(await namedRun(runs, run!), runs, more);
}
