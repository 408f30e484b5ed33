// `deno task rm <run…>` and `deno task undo`: removing runs, and bringing the last removal back.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import { parseWithCommander } from "./commander.ts";
import { resolveRun } from "./resolve-run.ts";
import { defaultRunsFolder } from "./runs-folder.ts";
import { emptyTrash, restoreLast, trashRuns } from "./trash.ts";

type Print = (text: string) => void;

/** Moves runs to the trash; with `--empty` deletes for good what is there. */
export async function removeCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("rm").description("Moves runs to the trash; undo brings the last removal back.")
    .argument("[runs...]", "ids or names of runs, the start of an id, or last")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--empty", "delete for good every run that is in the trash; names no runs")
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const words = parsed.positional;
  if ((words.length > 0) === (parsed.options.empty === true)) {
    throw new UserError(
      "command.malformed",
      "Expected either the runs to remove or --empty",
      "rm --help lists every option",
    );
  }
  if (words.length === 0) {
    const deleted = await emptyTrash(folder);
    return print(parsed.options.json ? JSON.stringify({ deleted }) : `Deleted ${deleted} runs for good`);
  }
  const removed = [...new Set(await Promise.all(words.map((word) => resolveRun(folder, word))))];
  const trash = await trashRuns(folder, removed);
  if (parsed.options.json) return print(JSON.stringify({ removed, trash }));
  print(
    `Moved to ${trash}: ${removed.join(", ")}\n  deno task undo brings ${removed.length === 1 ? "it" : "them"} back`,
  );
}

/** Brings the last removal back. */
export async function undoCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("undo").description("Brings back the runs that rm removed last.")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const restored = await restoreLast(String(parsed.options.runs));
  print(parsed.options.json ? JSON.stringify({ restored }) : `Brought back: ${restored.join(", ")}`);
}
