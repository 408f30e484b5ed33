// Starting an experiment from a notebook, in its own process that outlives the kernel, and finding it again.
import { basename, resolve } from "node:path";
import { UserError } from "../errors.ts";
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
  repositoryRoot,
  resolveRun,
  runIds,
} from "../run/mod.ts";
import { type RunHandle, runHandle } from "./handle.ts";

export interface StartOptions {
  /** Name of the preset. @default "quick" */
  readonly preset?: string;
  /** Settings to override, as `--set` takes them: `{ "stitch.count": 4 }`. @default {} */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  /** @default the experiment's own */
  readonly seed?: number;
  /** @default the experiment's own */
  readonly device?: string;
  /** Folder of the runs, relative to the {@linkcode homeFolder}. @default STITCHBOOK_RUNS, or "runs" */
  readonly runs?: string;
  /** The script to run, relative to the repository. @default "experiments/bts.ts" */
  readonly experiment?: string;
}

/** The folder of the runs that notebooks use. */
export function runsFolderOf(runs: string | undefined): string {
  return resolve(homeFolder(), runs ?? defaultRunsFolder());
}

/** The experiment's arguments for a run under an id chosen beforehand. */
export function startArguments(options: StartOptions, id: string): string[] {
  const { preset = "quick", set = {}, seed, device } = options;
  return [
    "--preset",
    preset,
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
export async function startRun(
  options: StartOptions = {},
  launcher: Launcher = localLauncher,
): Promise<RunHandle> {
  const runsFolder = runsFolderOf(options.runs);
  const script = await findScript(options.experiment ?? "experiments/bts.ts", repositoryRoot);
  const id = makeRunId(basename(script, ".ts"), options.preset ?? "quick");
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
 * @throws UserError `notebook.no-run` naming the newest runs and the command that starts one, `run.ambiguous` when
 *   several runs fit, `run.removed` when it is in the trash
 */
export async function attach(run: string, options: { readonly runs?: string } = {}): Promise<RunHandle> {
  const runsFolder = runsFolderOf(options.runs);
  try {
    return runHandle(runsFolder, await resolveRun(runsFolder, run));
  } catch (error) {
    if (!(error instanceof UserError && error.code === "run.none")) throw error;
    const newest = (await runIds(runsFolder)).slice(0, 5);
    // A kernel shows the message alone.
    const start = "Start one with `await startRun()`, or in a terminal with `deno task bts`";
    throw new UserError(
      "notebook.no-run",
      newest.length === 0
        ? `There is no run in ${runsFolder}. ${start}`
        : `There is no run "${run}" in ${runsFolder}. The newest are ${newest.join(", ")}. ${start}`,
    );
  }
}
