// `deno task logs <run> <cell>`: what the processes printed that built a cell, attempt by attempt.
import { join } from "node:path";
import { Command } from "commander";
import { nearest, UserError } from "../errors.ts";
import { ATTEMPT_OUTPUT, listAttempts, readEnd } from "../engine/mod.ts";
import { defaultRunsFolder, parseWithCommander } from "../run/mod.ts";
import { namedRun, type Print } from "./command.ts";

/**
 * Prints the output of every attempt at a cell.
 *
 * @throws UserError `run.none`, `logs.none` when no process of its own has built the cell
 */
export async function logsCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("logs")
    .description("Prints what the processes printed that built a cell, oldest attempt first.")
    .argument("<run>", "id or name of the run, the start of an id, or last")
    .argument("<cell>", "name of the cell, such as expert:code")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const [run, cell] = parsed.positional as [string, string];
  const view = await namedRun(runs, run);
  const folder = join(runs, view.id);
  const attempts = await listAttempts(folder, cell);
  if (attempts.length === 0) {
    const near = nearest(cell, view.cells.map(({ name }) => name).filter((name) => name !== cell));
    const known = view.cells.some(({ name }) => name === cell);
    throw new UserError(
      "logs.none",
      `There are no logs of the cell ${cell} of ${view.id}: no process of its own has built it`,
      known || near === undefined ? `deno task show ${view.id} shows the run` : `did you mean ${near}?`,
    );
  }
  for (const { name, folder } of attempts) {
    const end = await readEnd(folder);
    const how = end === undefined
      ? ""
      : `, ${end.status} on ${end.node}${end.job === undefined ? "" : `, job ${end.job}`}`;
    print(`── attempt ${name}${how}`);
    print((await Deno.readTextFile(join(folder, ATTEMPT_OUTPUT)).catch(() => "(no output)")).trimEnd());
  }
}
