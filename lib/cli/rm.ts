// `deno task rm <run…>`: moves runs to the trash, empties the trash, or frees the checkpoints of finished cells.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  emptyTrash,
  formatTable,
  freeCheckpoints,
  type FreedCheckpoints,
  jsonLine,
  numberColumn,
  parseWithCommander,
  resolveRun,
  textColumn,
  trashRuns,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Moves runs to the trash; `--empty` empties it; `--checkpoints` deletes checkpoints that are no longer needed. */
export async function removeCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("rm")
    .description(
      "Moves runs to the trash; undo restores them.\n" +
        "With --checkpoints, the runs stay, and checkpoints that finished training no longer needs are deleted.",
    )
    .argument("[runs...]", "ids or names of runs, the start of an id, or last")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--empty", "permanently delete every run in the trash; takes no runs")
    .option(
      "--checkpoints",
      "permanently delete the checkpoints of finished cells, in these runs or in all; the last of each cell stays, so " +
        "that it can be trained further",
    )
    .option("--dry-run", "with --checkpoints: show what would be deleted, and delete nothing")
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const { runs, empty, checkpoints, dryRun, json } = parsed.options;
  const folder = String(runs);
  const words = parsed.positional;
  const malformed = (message: string) => new UserError("command.malformed", message, "rm --help lists every option");
  if (dryRun && !checkpoints) throw malformed("--dry-run needs --checkpoints");
  if (checkpoints) {
    if (empty) throw malformed("Expected --checkpoints or --empty, not both");
    const ids = await resolveAll(folder, words);
    const freed = await freeCheckpoints(folder, { runs: ids.length === 0 ? undefined : ids, dryRun: dryRun === true });
    return print(json ? jsonLine({ dryRun: dryRun === true, cells: freed }) : freedText(freed, dryRun === true));
  }
  if ((words.length > 0) === (empty === true)) {
    throw malformed("Expected runs to remove, --empty or --checkpoints");
  }
  if (words.length === 0) {
    const deleted = await emptyTrash(folder);
    return print(json ? jsonLine({ deleted }) : `Deleted ${deleted} runs permanently`);
  }
  const removed = await resolveAll(folder, words);
  const trash = await trashRuns(folder, removed);
  if (json) return print(jsonLine({ removed, trash }));
  print(
    `Moved to ${trash}: ${removed.join(", ")}\n  deno task undo restores ${removed.length === 1 ? "it" : "them"}`,
  );
}

async function resolveAll(folder: string, words: readonly string[]): Promise<string[]> {
  return [...new Set(await Promise.all(words.map((word) => resolveRun(folder, word))))];
}

/** The deleted checkpoints as a table, and their sum. */
function freedText(freed: readonly FreedCheckpoints[], dryRun: boolean): string {
  if (freed.length === 0) return "Nothing to free: no finished cell has more than its last checkpoint";
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const table = formatTable({
    name: "checkpoints",
    title: "Checkpoints of finished cells",
    columns: [textColumn("cell"), textColumn("key"), textColumn("steps"), numberColumn("size"), numberColumn("stays")],
    rows: freed.map(({ cell, key, steps, bytes, kept }) => ({
      cell,
      key: key.slice(0, 12),
      steps: steps.join(", "),
      size: megabytes(bytes),
      stays: `step ${kept}`,
    })),
  });
  const sum = megabytes(freed.reduce((sum, { bytes }) => sum + bytes, 0));
  return `${table}\n${dryRun ? "Would free" : "Freed"} ${sum}; the last of each cell stays, to train further from`;
}
