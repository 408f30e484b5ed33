// `deno task reindex`: rebuilds the index of all runs from their logs.
import { Command } from "commander";
import { defaultRunsFolder, jsonLine, parseWithCommander, withIndex } from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Rebuilds the index and prints what it holds. */
export async function reindexCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("reindex").description("Rebuilds the index of all runs from their logs.")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const began = performance.now();
  const { path, runs, events } = await withIndex(String(parsed.options.runs), (update) => update, { rebuild: true });
  const seconds = (performance.now() - began) / 1000;
  if (parsed.options.json) return print(jsonLine({ path, runs, events, seconds }));
  print(`${path}: ${runs} runs, ${events} events in ${seconds.toFixed(2)} s`);
}
