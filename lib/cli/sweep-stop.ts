// `deno task sweep stop`: asks the process that works on a sweep to stop, and waits until it has.
import { join } from "node:path";
import { Command } from "commander";
import {
  defaultRunsFolder,
  jsonLine,
  parseWithCommander,
  readInteger,
  readSweep,
  resolveSweep,
  stopAndWait,
  SWEEPS_FOLDER,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/**
 * Stops a sweep, as Ctrl-C would.
 *
 * @throws UserError as `stop` does
 */
export async function stopSweepCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep stop").description(
    "Asks a sweep to stop, as Ctrl-C would, and waits until it has.",
  )
    .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
    .option("--timeout <seconds>", "how long to wait", "60")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: sweep, status");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const seconds = readInteger("--timeout", String(parsed.options.timeout), 1, 3600);
  const id = await resolveSweep(runs, parsed.positional[0] ?? "last");
  await stopAndWait(join(runs, SWEEPS_FOLDER, id), id, seconds);
  const status = (await readSweep(runs, id))?.status ?? "lost";
  print(parsed.options.json ? jsonLine({ sweep: id, status }) : `${id} is ${status}`);
}
