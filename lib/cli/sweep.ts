// `deno task sweep <experiment> …` and `deno task sweep resume <sweep>`: planning a sweep, and working on it.
import { Command, Option } from "commander";
import { DEVICES } from "../device-names.ts";
import {
  createSweep,
  defaultRunsFolder,
  executeSweep,
  formatSeconds,
  jsonLine,
  missingMetric,
  parseWithCommander,
  pickMetric,
  planSweep,
  rankTrials,
  readInteger,
  readMetric,
  readSweep,
  resolveSweep,
  statesText,
  stopSignal,
  sweepFolder,
  sweepJson,
  sweepTables,
  type SweepView,
  trialText,
  type TrialView,
} from "../run/mod.ts";
import { goOnText, listSweepsCommand, showSweepCommand, stopSweepCommand } from "./sweep-show.ts";

type Print = (text: string) => void;

/** What rooms above this one add: a live page, and a report at the end. */
export interface SweepHooks {
  /** Serves the pages of a runs folder while the sweep is worked on. */
  readonly serve?: (runsFolder: string, port: number | undefined) => Promise<SweepPage>;
  /** Writes the sweep's report into its folder and gives the path of the page. */
  readonly report?: (folder: string, view: SweepView) => Promise<string>;
  /** Result, for programs and pipes. @default stdout */
  readonly print?: Print;
  /** What happens meanwhile. @default stderr */
  readonly say?: Print;
}

/** A page that shows sweeps while it is open. */
export interface SweepPage {
  readonly url: string;
  /** What is to be said about its address. */
  readonly remark: string | undefined;
  close(): Promise<void>;
}

/**
 * Runs a sweep command.
 *
 * @returns whether every trial is done and has what they are compared by, for the exit code; true for commands that only show something
 */
export async function sweepCommand(args: readonly string[], hooks: SweepHooks = {}): Promise<boolean> {
  const print = hooks.print ?? console.log;
  const [word, ...rest] = args;
  if (word === "ls") await listSweepsCommand(rest, print);
  else if (word === "show") await showSweepCommand(rest, print);
  else if (word === "stop") await stopSweepCommand(rest, print);
  else if (word === "resume") return await resumeCommand(rest, hooks);
  else return await startCommand(args, hooks);
  return true;
}

async function startCommand(args: readonly string[], hooks: SweepHooks): Promise<boolean> {
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  const command = workOptions(
    new Command("sweep")
      .description(
        "Runs an experiment once for every point of a grid, or for points drawn at random; each trial is a run.\n" +
          "Also: sweep ls, sweep show <sweep>, sweep resume <sweep>, sweep stop <sweep>.",
      )
      .argument("<experiment>", "the experiment's script, such as experiments/bts.ts")
      .option("--grid <key=a,b,c>", "a setting and its values; may be repeated, every combination is a trial", collect)
      .option("--seeds <list>", "each combination once for each seed: 1,2,3 or 1-3 (default: 1)")
      .option("--random <count>", "draw so many points instead; lists are drawn from as well")
      .option("--range <key=scale:low..high>", "a setting to draw: scale is lin, log, int or log-int", collect)
      .option("--random-seed <number>", "seed of the draws (default: 1)")
      .option("--preset <name>", "preset of all trials")
      .option("--set <key=value>", "a setting of all trials; may be repeated", collect)
      .option("--config <file>", "settings of all trials from a file, copied at the start")
      .addOption(new Option("--device <name>", "where to compute").choices(DEVICES))
      .option("--threads <number>", "threads of each trial")
      .option(
        "--metric <name>",
        "what trials are compared by: bpb, validation:min, stitch/loss:last, …; a name that no trial will have is refused " +
          "where the experiment says what it measures, and makes the sweep end with exit code 1 elsewhere",
        "bpb",
      )
      .option("--name <text>", "a name for the sweep")
      .option("--force", "start one of more than 2000 trials; is passed on to the experiment")
      .option("--dry-run", "check and print the trials, and stop"),
  ).option("--runs <folder>", "where runs live", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  const print = hooks.print ?? console.log;
  if (parsed.kind === "help") {
    print(parsed.text.trimEnd());
    return true;
  }
  const options = parsed.options as unknown as StartOptions;
  const parallel = readParallel(options.parallel);
  const plan = await planSweep(parsed.positional[0]!, options, ["deno", "task", "sweep", ...args]);
  if (options.dryRun) {
    const lines = plan.trials.map((trial, i) => `${String(i + 1).padStart(4)}  ${trialText(trial)}`);
    const json = { experiment: plan.experiment, trials: plan.trials };
    print(
      options.json ? jsonLine(json) : [...lines, `${plan.trials.length} trials; nothing was written`].join("\n"),
    );
    return true;
  }
  const id = await createSweep(options.runs, plan, options.config);
  const { runs, json, serve, port } = options;
  return await work(id, { runs, parallel, serve, ...(json ? { json } : {}), ...(port ? { port } : {}) }, hooks);
}

interface WorkOptions {
  readonly runs: string;
  readonly parallel: number;
  readonly metric?: string;
  readonly json?: true;
  readonly serve: boolean;
  readonly port?: string;
}

interface StartOptions extends Omit<WorkOptions, "parallel"> {
  readonly grid?: readonly string[];
  readonly seeds?: string;
  readonly random?: string;
  readonly range?: readonly string[];
  readonly randomSeed?: string;
  readonly preset?: string;
  readonly set?: readonly string[];
  readonly config?: string;
  readonly device?: string;
  readonly threads?: string;
  readonly metric: string;
  readonly name?: string;
  readonly force?: true;
  readonly dryRun?: true;
  readonly parallel: string;
}

function workOptions(command: Command): Command {
  return command
    .option("--parallel <count>", "trials at once", "1")
    .option("--no-serve", "do not serve the sweep's page")
    .option("--port <number>", "port of the sweep's page")
    .option("--json", "write the result as one JSON object, the last line of stdout");
}

async function resumeCommand(args: readonly string[], hooks: SweepHooks): Promise<boolean> {
  const command = workOptions(
    new Command("sweep resume")
      .description(
        "Runs what a sweep has not done: trials that are pending, or that failed, were lost or were stopped.",
      )
      .argument("[sweep]", "id or name of the sweep, the start of an id, or last", "last")
      .option("--metric <name>", "what trials are compared by (default: the sweep's own)"),
  ).option("--runs <folder>", "where runs live", defaultRunsFolder());
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") {
    (hooks.print ?? console.log)(parsed.text.trimEnd());
    return true;
  }
  const options = parsed.options as unknown as Omit<WorkOptions, "parallel"> & { readonly parallel: string };
  const parallel = readParallel(options.parallel);
  if (options.metric !== undefined) readMetric(options.metric);
  const id = await resolveSweep(options.runs, parsed.positional[0] ?? "last");
  // Once a trial is done, it has all that there will be.
  const view = await readSweep(options.runs, id);
  if (view?.trials.some(({ status }) => status === "done")) rankTrials(view, options.metric);
  return await work(id, { ...options, parallel }, hooks);
}

function readParallel(text: string): number {
  return readInteger("--parallel", text, 1, 256);
}

/** Works on a sweep until all trials have ended or it is stopped, and prints the table. */
async function work(id: string, options: WorkOptions, hooks: SweepHooks): Promise<boolean> {
  const { runs, parallel } = options;
  const print = hooks.print ?? console.log;
  const say = hooks.say ?? console.error;
  const signal = stopSignal();
  const began = performance.now();
  const port = options.port === undefined ? undefined : readInteger("--port", options.port, 0, 65_535);
  say(`Sweep ${id}`);
  const page = options.serve && hooks.serve !== undefined ? await hooks.serve(runs, port) : undefined;
  let view: SweepView;
  try {
    if (page?.remark !== undefined) say(page.remark);
    if (page !== undefined) say(`Watch it at ${page.url}sweeps/${id}`);
    view = await executeSweep({
      ...{ runsFolder: runs, id, parallel, signal },
      onTrial: (trial, view) => say(line(trial, view)),
      onNote: say,
    });
  } finally {
    await page?.close();
  }
  const report = await hooks.report?.((await sweepFolder(runs, id))!, view);
  const ranking = rankTrials(view, options.metric);
  const remark = missingMetric(ranking);
  if (remark !== undefined) say(remark);
  say(`${statesText(view.trials)}, in ${formatSeconds((performance.now() - began) / 1000)}`);
  if (view.status !== "done") {
    say(goOnText(id, runs));
  }
  if (options.json) print(jsonLine({ ...sweepJson(view, ranking), report: report ?? null }));
  else print([...sweepTables(view, ranking), ...(report === undefined ? [] : [`Report: ${report}`])].join("\n\n"));
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
