// Starting an experiment from a notebook, in its own process that outlives the kernel, and finding it again.
import { basename, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { openRun } from "../library/mod.ts";
import {
  defaultRunsFolder,
  findScript,
  homeFolder,
  lastLines,
  type Launcher,
  localLauncher,
  makeRunId,
  outputFile,
  readRun,
  runIds,
} from "../run/mod.ts";
import { type RunHandle, runHandle } from "./handle.ts";
import { told } from "./told.ts";

export interface StartOptions {
  /** Words before the options, for experiments that take some: `["remove", run.id, "code"]` of `expert`. @default none */
  readonly words?: readonly string[];
  /** Name of the preset. @default "quick", or the experiment's own after words */
  readonly preset?: string;
  /** Settings to override, as `--set` takes them: `{ "stitch.count": 4 }`. @default {} */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  /** @default the experiment's own */
  readonly seed?: number;
  /** @default the experiment's own */
  readonly device?: string;
  /** Folder of the runs, relative to the {@linkcode homeFolder}. @default STITCHBOOK_RUNS, or "runs" */
  readonly runs?: string;
  /** The experiment: a name such as `bts`, or the path of a script. @default "bts" */
  readonly experiment?: string;
}

/** The folder of the runs that notebooks use. */
export function runsFolderOf(runs: string | undefined): string {
  return resolve(homeFolder(), runs ?? defaultRunsFolder());
}

/** The experiment's arguments for a run under an id chosen beforehand. */
export function startArguments(options: StartOptions, id: string): string[] {
  const { words = [], set = {}, seed, device } = options;
  const preset = options.preset ?? (words.length === 0 ? "quick" : undefined);
  return [
    ...words,
    ...(preset === undefined ? [] : ["--preset", preset]),
    ...Object.entries(set).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
    ...(device === undefined ? [] : ["--device", device]),
    "--runs",
    runsFolderOf(options.runs),
    "--id",
    id,
  ];
}

/** How long an experiment may take until its run begins: its packages may have to be fetched first. */
const PATIENCE_MS = 300_000;

/**
 * Starts an experiment in a process of its own and returns when its run has begun. The process is detached: it continues
 * when the kernel restarts or stops, and what it prints goes to `<runs>/.output/<id>.log`.
 *
 * @throws UserError with what the experiment said, when it ends before its run begins
 */
export function startRun(options: StartOptions = {}, launcher: Launcher = localLauncher): Promise<RunHandle> {
  return told(() => start(options, launcher));
}

async function start(options: StartOptions, launcher: Launcher): Promise<RunHandle> {
  const runsFolder = runsFolderOf(options.runs);
  const script = await findScript(options.experiment ?? "bts");
  const id = makeRunId(basename(script, ".ts"), options.preset ?? options.words?.[0] ?? "quick");
  const output = await outputFile(runsFolder, id);
  const job = await launcher.submit({ script, args: startArguments(options, id), output });
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const state = await launcher.poll(job);
    if (await readRun(runsFolder, id) !== undefined) return runHandle(runsFolder, id);
    const said = lastLines(await launcher.logs(job));
    if (state.kind === "ended") {
      throw new UserError(
        "notebook.not-started",
        `The experiment ended (${state.how}) before its run began: ${said === "" ? "it printed nothing" : said}`,
      );
    }
    if (Date.now() > deadline) {
      throw new UserError(
        "notebook.not-started",
        `The experiment (pid ${job.process?.pid}) has not begun its run after ${
          PATIENCE_MS / 60_000
        } minutes; see ${output}`,
      );
    }
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/**
 * The handle to an existing run.
 *
 * @param run an id, the start of one, a run's name, or `last`, the newest
 * @throws UserError `notebook.no-run` naming the newest runs and how to start one, `run.ambiguous` when several runs fit,
 *   `run.removed` when it is in the trash, `run.damaged` when its log cannot be read or was written by a newer version
 */
export function attach(run: string, options: { readonly runs?: string } = {}): Promise<RunHandle> {
  const runsFolder = runsFolderOf(options.runs);
  return told(async () => {
    try {
      using opened = await openRun(run, { runs: runsFolder });
      return runHandle(opened.runsFolder, opened.id);
    } catch (error) {
      if (!(error instanceof UserError && error.code === "run.none")) throw error;
      const newest = (await runIds(runsFolder)).slice(0, 5);
      const start = 'Start one with `await lab.start("bts")`, or in a terminal with `deno task bts`';
      throw new UserError(
        "notebook.no-run",
        newest.length === 0
          ? `There is no run in ${runsFolder}. ${start}`
          : `There is no run "${run}" in ${runsFolder}. The newest are ${newest.join(", ")}. ${start}`,
      );
    }
  });
}
