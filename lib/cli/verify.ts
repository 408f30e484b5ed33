// `deno task verify <run>`: hashes every file of a run again.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  numberColumn,
  parseWithCommander,
  printable,
  resolveRun,
  textColumn,
  type Verification,
  verifyRun,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Verifies a run and prints what it found; false when something is damaged (exit code 1). */
export async function verifyCommand(args: readonly string[], print: Print = console.log): Promise<boolean> {
  const command = new Command("verify").description(
    "Checks every byte of a run's cells and checkpoints against its hash.",
  )
    .argument("[run]", "id or name of the run, the start of an id, or last", "last")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: ok, weights, artifacts, checkpoints, damage");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return true;
  }
  const folder = String(parsed.options.runs);
  const id = await resolveRun(folder, parsed.positional[0] ?? "last");
  const found = await verifyRun(folder, id);
  if (found === undefined) throw new UserError("run.none", `The run ${id} is no longer in ${folder}`);
  print(parsed.options.json ? jsonLine(found) : asText(found));
  return found.ok;
}

function asText({ run, ok, artifacts, checkpoints, damage }: Verification): string {
  const bad = [...artifacts, ...checkpoints].filter(({ problem }) => problem !== null);
  const table = formatTable({
    name: "artifacts",
    title: `Files of the cells of ${run}`,
    columns: [textColumn("artifact"), numberColumn("bytes"), textColumn("sha256", "SHA-256"), textColumn("state")],
    rows: artifacts.map(({ artifact, bytes, sha256, problem }) => ({
      artifact,
      bytes,
      sha256: sha256?.slice(0, 16) ?? null,
      state: problem === null ? "good" : "damaged",
    })),
  });
  const problems = [...bad, ...damage].map(({ path, problem }) => `damaged: ${printable(path)}: ${problem}`);
  const kept = checkpoints.length === 0 ? "" : `, and so are ${checkpoints.length} checkpoints`;
  const verdict = ok ? `All ${artifacts.length} files are unchanged${kept}` : "The run is damaged";
  return [table, "", ...problems, verdict].join("\n");
}
