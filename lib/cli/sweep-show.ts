// `deno task sweep ls`, `sweep show` and `sweep stop`.
import { hostname } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  listSweeps,
  lockHolder,
  missingMetric,
  parseWithCommander,
  printable,
  rankTrials,
  readInteger,
  readSweep,
  resolveSweep,
  shellLine,
  statesText,
  sweepIds,
  sweepJson,
  SWEEPS_FOLDER,
  sweepSummary,
  sweepTables,
  trialText,
  writerLives,
} from "../run/mod.ts";

type Print = (text: string) => void;

/** Lists the sweeps, newest first. */
export async function listSweepsCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep ls").description("Lists the sweeps, newest first.")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON array");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const sweeps = await listSweeps(folder);
  const readable = new Set(sweeps.map(({ start }) => start.sweep));
  const unreadable = (await sweepIds(folder)).filter((id) => !readable.has(id));
  if (parsed.options.json) {
    return print(jsonLine(sweeps.map(sweepSummary)));
  }
  if (sweeps.length === 0) {
    return print(`No sweeps in ${folder}; start one with: deno task sweep experiments/bts.ts --grid stitch.count=1,2`);
  }
  const columns = ["sweep", "name", "status", "trials", "varies"];
  const table = formatTable({
    name: "sweeps",
    title: `Sweeps in ${folder}`,
    columns: columns.map((key) => ({ key, title: key, kind: "text" as const })),
    rows: sweeps.map((view) => ({
      sweep: view.start.sweep,
      name: view.start.name,
      status: view.status,
      trials: statesText(view.trials),
      varies: view.start.keys.join(", "),
    })),
  });
  print([table, ...unreadable.map((id) => `warning: the table of trials of ${id} cannot be read`)].join("\n"));
}

/** Shows one sweep: its trials sorted by a metric. */
export async function showSweepCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep show").description("Shows a sweep: its trials, best first.")
    .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
    .option("--metric <name>", "what trials are compared by (default: the sweep's own)")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
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
    ...view.damage.map((line) => `warning: line ${line} of sweep.jsonl is damaged and left out`),
    ...[missingMetric(ranking)].filter((remark) => remark !== undefined),
    "",
    sweepTables(view, ranking).join("\n\n"),
    ...view.trials.filter(({ error, status }) => error !== null && status !== "stopped")
      .map((trial) => `\ntrial ${trial.trial} (${trialText(trial)}) ${trial.status}: ${printable(trial.error!)}`),
    ...(hasReport ? [`\nreport: ${report}`] : []),
    ...(view.status === "done" || view.status === "running" ? [] : [`\n${goOnText(id, folder)}`]),
  ].join("\n"));
}

/** How to go on with a sweep that is not done. */
export function goOnText(id: string, runs: string): string {
  const words = ["deno", "task", "sweep", "resume", id, ...(runs === "runs" ? [] : ["--runs", runs])];
  return `Go on with: ${shellLine(words)}`;
}

/** Asks the process that works on a sweep to stop, as Ctrl-C would, and waits until it has. */
export async function stopSweepCommand(args: readonly string[], print: Print): Promise<void> {
  const command = new Command("sweep stop").description(
    "Asks a sweep to stop, as Ctrl-C would, and waits until it has.",
  )
    .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
    .option("--timeout <seconds>", "how long to wait", "60")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON object: sweep, status");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const runs = String(parsed.options.runs);
  const seconds = readInteger("--timeout", String(parsed.options.timeout), 1, 3600);
  const id = await resolveSweep(runs, parsed.positional[0] ?? "last");
  const folder = join(runs, SWEEPS_FOLDER, id);
  const holder = lockHolder(folder);
  if (holder === undefined) {
    throw new UserError(
      "stop.over",
      `Cannot stop ${id}: no process works on it`,
      "deno task sweep ls shows the sweeps",
    );
  }
  if (holder.host !== hostname()) {
    throw new UserError("stop.elsewhere", `Cannot stop ${id} from here: it runs on ${holder.host}`, "stop it there");
  }
  Deno.kill(holder.pid, "SIGTERM");
  const until = performance.now() + seconds * 1000;
  while (writerLives(folder)) {
    if (performance.now() > until) {
      throw new UserError("stop.timeout", `${id} was asked to stop, and process ${holder.pid} still works on it`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const status = (await readSweep(runs, id))?.status ?? "lost";
  print(parsed.options.json ? jsonLine({ sweep: id, status }) : `${id} is ${status}`);
}

function damagedStart(folder: string, id: string): UserError {
  return new UserError(
    "sweep.damaged",
    `Cannot read ${join(folder, SWEEPS_FOLDER, id)}/sweep.jsonl: its first line, the table of trials, is damaged`,
    "its runs are still there: deno task ls --tag sweep:" + id,
  );
}
