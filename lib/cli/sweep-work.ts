// Working on a sweep in the foreground: its options, its page, a line for each trial, and the table at the end.
import type { Command } from "commander";
import { writeSweepReport } from "../report/mod.ts";
import {
  defaultRunsFolder,
  executeSweep,
  formatSeconds,
  formatTable,
  jsonLine,
  linkTo,
  missingMetric,
  pickMetric,
  rankTrials,
  readInteger,
  readMetric,
  statesText,
  stopSignal,
  sweepFolder,
  sweepJson,
  sweepTables,
  type SweepView,
  trialText,
  type TrialView,
} from "../run/mod.ts";
import { servePages } from "./serve.ts";
import { resumeHint } from "./sweep-show.ts";
import { type Print, terminalWidth } from "./command.ts";

/** The options of a command that works on a sweep, as they are given. */
export interface WorkTexts {
  readonly runs: string;
  readonly parallel: string;
  readonly serve: boolean;
  readonly port?: string;
  readonly json?: true;
}

export interface WorkOptions {
  readonly runs: string;
  /** Trials at once. */
  readonly parallel: number;
  readonly serve: boolean;
  readonly port: number | undefined;
  readonly json: boolean;
  /** What trials are compared by. @default the sweep's own metric */
  readonly metric?: string;
}

export function withWorkOptions(command: Command): Command {
  return command
    .option("--parallel <count>", "trials at once", "1")
    .option("--no-serve", "do not serve the sweep's page")
    .option("--port <number>", "port of the sweep's page")
    .option("--json", "print the result as one line of JSON, the last of stdout")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder());
}

/** @throws UserError `command.malformed` */
export function readWorkOptions({ runs, parallel, serve, port, json }: WorkTexts): WorkOptions {
  return {
    runs,
    parallel: readInteger("--parallel", parallel, 1, 256),
    serve,
    port: port === undefined ? undefined : readInteger("--port", port, 0, 65_535),
    json: json ?? false,
  };
}

/**
 * Works on a sweep until all trials have ended or it is stopped, and prints the table.
 *
 * @returns whether every trial is done and has the metric
 * @throws StopError after Ctrl-C, and UserError as `executeSweep()` does
 */
export async function workOnSweep(id: string, options: WorkOptions, print: Print): Promise<boolean> {
  const { runs, parallel } = options;
  const signal = stopSignal();
  const began = performance.now();
  console.error(`Sweep ${id}`);
  const page = options.serve ? await servePages(runs, options.port) : undefined;
  let view: SweepView;
  try {
    if (page?.remark !== undefined) console.error(page.remark);
    if (page !== undefined) console.error(`Watch it at ${linkTo(`${page.url}sweeps/${id}`, page.token)}`);
    view = await executeSweep({
      runsFolder: runs,
      id,
      parallel,
      signal,
      onTrial: (trial, view) => console.error(line(trial, view)),
      onNote: console.error,
    });
  } finally {
    await page?.close();
  }
  const report = await writeSweepReport((await sweepFolder(runs, id))!, view);
  const ranking = rankTrials(view, options.metric);
  const remark = missingMetric(ranking);
  if (remark !== undefined) console.error(remark);
  console.error(`${statesText(view.trials)}, in ${formatSeconds((performance.now() - began) / 1000)}`);
  if (view.status !== "done") console.error(resumeHint(id, runs));
  if (options.json) print(jsonLine({ ...sweepJson(view, ranking), report }));
  else {print([
      ...sweepTables(view, ranking).map((table) => formatTable(table, terminalWidth())),
      `Report: ${report}`,
    ].join("\n\n"));}
  signal.throwIfAborted();
  return view.status === "done" && remark === undefined;
}

/** One line on a trial that starts or has ended. */
function line(trial: TrialView, { trials, start }: SweepView): string {
  const head = `[${String(trial.trial).padStart(String(trials.length).length)}/${trials.length}] ${trialText(trial)}`;
  if (trial.status === "running") return `${head} … ${trial.run}`;
  const value = pickMetric(trial.values, readMetric(start.metric), start.experiment);
  return [
    `${head}: ${trial.status}`,
    ...(trial.seconds === null ? [] : [`in ${formatSeconds(trial.seconds)}`]),
    ...(value === undefined ? [] : [`· ${start.metric} ${value.toFixed(4)}`]),
    ...(trial.cells === null || trial.cells.cached === 0
      ? []
      : [`· ${trial.cells.cached} of ${trial.cells.total} cells from the cache`]),
    ...(trial.error === null || trial.status === "stopped" ? [] : [`\n    ${trial.error.replaceAll("\n", "\n    ")}`]),
  ].join(" ");
}
