// `deno task stop <run>`: asks the process that writes a run to stop, and waits until it has.
import { hostname } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { cancelJobs, readTable, type SlurmCommands, slurmCommands } from "../engine/mod.ts";
import {
  defaultRunsFolder,
  jsonLine,
  lockHolder,
  parseWithCommander,
  readInteger,
  readRun,
  resolveRun,
  stopAndWait,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/**
 * Stops a run of this machine with SIGTERM, and cancels its jobs on a cluster. Finished cells stay; the run's status is
 * then `stopped`.
 *
 * @throws UserError as {@linkcode stopAndWait} and `cancelJobs()` do
 */
export async function stopCommand(
  args: readonly string[],
  print: Print = console.log,
  slurm: SlurmCommands = slurmCommands,
): Promise<void> {
  const command = new Command("stop").description(
    "Asks a run to stop, as Ctrl-C would, and waits until it has. Its jobs on a cluster are cancelled.",
  )
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .option("--timeout <seconds>", "how long to wait", "30")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: run, status, and how many jobs were cancelled");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const seconds = readInteger("--timeout", String(parsed.options.timeout), 1, 3600);
  const id = await resolveRun(runs, parsed.positional[0]!);
  const folder = join(runs, id);
  const table = await readTable(folder);
  const hasJobs = Object.keys(table).length > 0;
  // Jobs go on without the process that follows them, which may have ended or be on another machine.
  if (!hasJobs || lockHolder(folder)?.host === hostname()) await stopAndWait(folder, id, seconds);
  const jobs = hasJobs ? await cancelJobs(slurm, id, table) : 0;
  const status = (await readRun(runs, id))?.status ?? "lost";
  if (parsed.options.json) return print(jsonLine({ run: id, status, ...(hasJobs ? { jobs } : {}) }));
  const cancelled = jobs === 0
    ? "none of its jobs waits or runs"
    : jobs === 1
    ? "one of its jobs was cancelled"
    : `${jobs} of its jobs were cancelled`;
  print(hasJobs ? `${id} is ${status}; ${cancelled}` : `${id} is ${status}`);
}
