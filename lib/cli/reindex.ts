// `deno task reindex`: rebuilds from the logs of all runs what is kept beside them.
import { Command } from "commander";
import { defaultRunsFolder, foldLogs, jsonLine, parseWithCommander, withIndex } from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Rebuilds the index, keeps the folds of long logs that have none, and prints how much there is. */
export async function reindexCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("reindex").description(
    "Rebuilds the index of all runs from their logs, and keeps what long logs say where nothing is kept yet.",
  )
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const began = performance.now();
  const runsFolder = String(parsed.options.runs);
  const { path, runs, events } = await withIndex(runsFolder, (update) => update, { rebuild: true });
  const folds = await foldLogs(runsFolder);
  const seconds = (performance.now() - began) / 1000;
  if (parsed.options.json) return print(jsonLine({ path, runs, events, folds, seconds }));
  print(`${path}: ${runs} runs, ${events} events in ${seconds.toFixed(2)} s`);
  if (folds > 0) print(`Kept what ${folds} long ${folds === 1 ? "log says" : "logs say"}, so that pages open at once`);
}
