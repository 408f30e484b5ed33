// `deno task stop <run>`: asks the process that writes a run to stop, and waits until it has.
import { join } from "node:path";
import { Command } from "commander";
import {
  defaultRunsFolder,
  jsonLine,
  parseWithCommander,
  readInteger,
  readRun,
  resolveRun,
  stopAndWait,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/**
 * Stops a run of this machine with SIGTERM. Finished cells stay; the run's status is then `stopped`.
 *
 * @throws UserError as {@linkcode stopAndWait} does
 */
export async function stopCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("stop").description("Asks a run to stop, as Ctrl-C would, and waits until it has.")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .option("--timeout <seconds>", "how long to wait", "30")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: run, status");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const seconds = readInteger("--timeout", String(parsed.options.timeout), 1, 3600);
  const id = await resolveRun(runs, parsed.positional[0]!);
  await stopAndWait(join(runs, id), id, seconds);
  const status = (await readRun(runs, id))?.status ?? "lost";
  print(parsed.options.json ? jsonLine({ run: id, status }) : `${id} is ${status}`);
}
