// `deno task sweep show`: one sweep with its trials, best first.
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  missingMetric,
  parseWithCommander,
  printable,
  rankTrials,
  readSweep,
  resolveSweep,
  shellLine,
  statesText,
  sweepJson,
  SWEEPS_FOLDER,
  sweepTables,
  trialText,
} from "../run/mod.ts";
import { type Print, terminalWidth } from "./command.ts";

/** Shows one sweep: its trials, sorted by a metric. */
export async function showSweepCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep show").description("Shows a sweep: its trials, best first.")
    .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
    .option("--metric <name>", "what trials are compared by (default: the sweep's own)")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const id = await resolveSweep(folder, parsed.positional[0] ?? "last");
  const view = await readSweep(folder, id);
  if (view === undefined) throw damagedStart(folder, id);
  const ranking = rankTrials(view, parsed.options.metric as string | undefined);
  if (parsed.options.json) return print(jsonLine(sweepJson(view, ranking)));
  const report = join(folder, SWEEPS_FOLDER, id, "report.html");
  const hasReport = await Deno.stat(report).then(({ isFile }) => isFile, () => false);
  print([
    `${printable(view.start.name)} (${id})`,
    `${view.status}: ${statesText(view.trials)} · started ${view.start.time}`,
    `command: ${shellLine(view.start.command)}`,
    ...view.damage.map((line) => `warning: line ${line} of sweep.jsonl is damaged and ignored`),
    ...[missingMetric(ranking)].filter((remark) => remark !== undefined),
    "",
    sweepTables(view, ranking).map((table) => formatTable(table, terminalWidth())).join("\n\n"),
    ...view.trials.filter(({ error, status }) => error !== null && status !== "stopped")
      .map((trial) => `\ntrial ${trial.trial} (${trialText(trial)}) ${trial.status}: ${printable(trial.error!)}`),
    ...(hasReport ? [`\nreport: ${report}`] : []),
    ...(view.status === "done" || view.status === "running" ? [] : [`\n${resumeHint(id, folder)}`]),
  ].join("\n"));
}

/** The command that resumes a sweep. */
export function resumeHint(id: string, runs: string): string {
  const words = ["deno", "task", "sweep", "resume", id, ...(runs === "runs" ? [] : ["--runs", runs])];
  return `Resume with: ${shellLine(words)}`;
}

function damagedStart(folder: string, id: string): UserError {
  return new UserError(
    "sweep.damaged",
    `Cannot read ${join(folder, SWEEPS_FOLDER, id)}/sweep.jsonl: its first line, the table of trials, is damaged`,
    `its runs are still there: deno task ls --tag sweep:${id}`,
  );
}
