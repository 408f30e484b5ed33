// `deno task export job`: a folder that trains an expert of a run elsewhere, with PyTorch.
import { Command } from "commander";
import { exportJob, type JobReport } from "../export/mod.ts";
import { findModelRun } from "../library/mod.ts";
import { byteSize, compact } from "../report/mod.ts";
import { defaultRunsFolder, jsonLine, parseWithCommander, stopSignal } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { RUN_HINT } from "./model-folder.ts";

/** Exports the job of the expert that the arguments name. */
export async function exportJobCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("export job")
    .description(
      "Writes a folder that trains an expert of a run with PyTorch and transformers, on a GPU node for instance: the seed, " +
        "the tokens of every step, the settings and a script. The seed must be trained; the run need not be finished.",
    )
    .argument("<run>", "id or name of the run, the start of an id, last, or the path of its folder")
    .argument("<cell>", "the cell that trains the expert, such as expert:code")
    .option("-o, --out <path>", "folder, new or empty (default: jobs/<run>-<cell>)")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: run, cell, out, files, steps, tokens, expert, remarks");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const [run, cell] = parsed.positional as [string, string];
  const { out, runs, json } = parsed.options as { readonly out?: string; readonly runs: string; readonly json?: true };
  const { runsFolder, id } = await findModelRun(run, runs, RUN_HINT);
  const report = await exportJob({
    runsFolder,
    id,
    cell,
    out,
    signal: stopSignal(),
    onProgress: json || !Deno.stderr.isTerminal() ? undefined : showProgress,
  });
  print(json ? jsonLine(report) : asText(report));
}

function showProgress(done: number, total: number): void {
  const line = done === total ? "" : `step ${done} of ${total}`;
  if (done % 64 === 0 || done === total) Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[2K${line}`));
}

function asText({ cell, run, out, files, steps, tokens, remarks }: JobReport): string {
  return [
    `Exported the job of ${cell} of ${run} to ${out}: ${steps.toLocaleString("en-US")} steps, ${
      compact(tokens)
    } tokens`,
    ...files.map(({ name, bytes }) => `  ${name}  ${byteSize(bytes)}`),
    ...remarks,
    `Train it where PyTorch is: python ${out}/train.py; README.md there says how to use the expert`,
  ].join("\n");
}
