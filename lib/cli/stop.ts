// `deno task stop <run>`: asks the process that writes a run to stop, and waits until it has.
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  askToStop,
  defaultRunsFolder,
  jsonLine,
  parseWithCommander,
  readInteger,
  readRun,
  resolveRun,
  writerLives,
} from "../run/mod.ts";

/** How often the run is looked at while it stops. */
const LOOK_MS = 100;

/**
 * Stops a run that this machine runs, with SIGTERM: finished cells stay, the run's status is then `stopped`.
 *
 * @throws UserError `stop.over` when nobody writes the run, `stop.elsewhere`, `stop.refused`, `stop.timeout`
 */
export async function stopCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("stop").description("Asks a run to stop, as Ctrl-C would, and waits until it has.")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .option("--timeout <seconds>", "how long to wait", "30")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON object: run, status");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const seconds = readInteger("--timeout", String(parsed.options.timeout), 1, 3600);
  const id = await resolveRun(runs, parsed.positional[0]!);
  const folder = join(runs, id);
  const pid = askToStop(folder, id);
  const until = performance.now() + seconds * 1000;
  while (writerLives(folder)) {
    if (performance.now() > until) {
      throw new UserError(
        "stop.timeout",
        `${id} was asked to stop, and process ${pid} still writes it after ${seconds} s`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const status = (await readRun(runs, id))?.status ?? "lost";
  print(parsed.options.json ? jsonLine({ run: id, status }) : `${id} is ${status}`);
}
