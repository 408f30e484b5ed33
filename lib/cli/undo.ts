// `deno task undo`: restores the runs that `rm` removed last.
import { Command } from "commander";
import { defaultRunsFolder, jsonLine, parseWithCommander, restoreLast } from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Restores the runs of the last removal. */
export async function undoCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("undo").description("Restores the runs that rm removed last.")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const restored = await restoreLast(String(parsed.options.runs));
  print(parsed.options.json ? jsonLine({ restored }) : `Restored ${restored.join(", ")}`);
}
