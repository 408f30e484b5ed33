// `deno task sweep ls`: the sweeps in a runs folder.
import { Command } from "commander";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  listSweeps,
  parseWithCommander,
  printable,
  statesText,
  sweepSummary,
  textColumn,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Lists the sweeps, newest first. */
export async function listSweepsCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep ls").description("Lists the sweeps, newest first.")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON array");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const { sweeps, unreadable } = await listSweeps(folder);
  if (parsed.options.json) return print(jsonLine(sweeps.map(sweepSummary)));
  if (sweeps.length + unreadable.length === 0) {
    return print(`No sweeps in ${folder}; start one with: deno task sweep experiments/bts.ts --grid stitch.count=1,2`);
  }
  const table = formatTable({
    name: "sweeps",
    title: `Sweeps in ${folder}`,
    columns: ["sweep", "name", "status", "trials", "varies"].map((key) => textColumn(key)),
    rows: sweeps.map((view) => ({
      sweep: view.start.sweep,
      name: view.start.name,
      status: view.status,
      trials: statesText(view.trials),
      varies: view.start.keys.join(", "),
    })),
  });
  print([table, ...unreadable.map(({ sweep, reason }) => printable(`unreadable: ${sweep}: ${reason}`))].join("\n"));
}
