// Working on a sweep: each trial is a run in a process of its own; so many at a time, none twice.
import { join, resolve } from "node:path";
import { attempt } from "../../errors.ts";
import { repositoryRoot } from "../files/repository.ts";
import { addLabel, sweepTag } from "../catalog/labels.ts";
import { type Job, jobEnd, lastLines, type Launcher, localLauncher, outputFile } from "../process/launcher.ts";
import { takeSweepLock, writerLives } from "../process/lock.ts";
import { thisProcess } from "../process/process.ts";
import { findScript } from "../process/script.ts";
import { readRun } from "../log/read.ts";
import { makeRunId } from "../files/run-id.ts";
import type { RunView } from "../view/mod.ts";
import { appendToSweep, type SweepEventBody, SWEEPS_FOLDER } from "./log.ts";
import { outcomeOf, readSweep } from "./read.ts";
import { applySweepEvent, type SweepView, type TrialView } from "./view.ts";

export interface ExecuteOptions {
  readonly runsFolder: string;
  readonly id: string;
  /** Trials at once. */
  readonly parallel: number;
  /** Aborted when the sweep is to stop: running trials are asked to stop, and waited for. */
  readonly signal: AbortSignal;
  /** Called when a trial starts, is found running, or has ended. */
  readonly onTrial?: (trial: TrialView, view: SweepView) => void;
  /** Called with other remarks. */
  readonly onNote?: (text: string) => void;
  /** What runs the trials. @default processes of this machine */
  readonly launcher?: Launcher;
}

type Outcome = Omit<Extract<SweepEventBody, { kind: "trial.end" }>, "kind" | "trial" | "run">;

/**
 * Runs what is not done: trials that are pending, failed, lost or stopped. Waits for trials that still run although the
 * process that started them has ended.
 *
 * @returns the sweep afterwards
 * @throws UserError `sweep.running` when another process works on it, `sweep.write` when its file cannot be written
 */
export async function executeSweep(options: ExecuteOptions): Promise<SweepView> {
  const { runsFolder, id, parallel, signal } = options;
  const folder = join(runsFolder, SWEEPS_FOLDER, id);
  const lock = takeSweepLock(folder, id);
  try {
    const view = (await readSweep(runsFolder, id))!;
    const record = (body: SweepEventBody) => applySweepEvent(view, appendToSweep(folder, body));
    record({ kind: "sweep.open", process: thisProcess(), parallel });
    const worker = sweepWorker(options, view, record);
    await worker.adopt();
    const waiting = view.trials.filter(({ status }) => status !== "done");
    const slots = Array.from({ length: Math.min(parallel, Math.max(1, waiting.length)) }, async () => {
      for (let trial = waiting.shift(); trial !== undefined && !signal.aborted; trial = waiting.shift()) {
        await worker.run(trial);
        // A missing device or too little memory: the others would fail, too.
        if (neverBegan(trial) && waiting.length > 0 && !view.trials.some(({ status }) => status === "done")) {
          options.onNote?.(`Trial ${trial.trial} could not begin, so the ${waiting.length} others are not tried`);
          waiting.length = 0;
        }
      }
    });
    await Promise.all(slots);
    const done = view.trials.every(({ status }) => status === "done");
    const status = signal.aborted ? "stopped" : done ? "done" : "failed";
    record({ kind: "sweep.close", status });
    view.status = status;
    return view;
  } finally {
    lock.release();
  }
}

function sweepWorker(options: ExecuteOptions, view: SweepView, record: (body: SweepEventBody) => void) {
  const { runsFolder, parallel, signal, onTrial, launcher = localLauncher } = options;
  const end = (trial: TrialView, outcome: Outcome) => {
    record({ kind: "trial.end", trial: trial.trial, run: trial.run!, ...outcome });
    onTrial?.(trial, view);
  };

  /** Records how trials ended that an earlier process started, after waiting for those that still run. */
  const adopt = async () => {
    for (const trial of view.trials.filter(({ open }) => open)) {
      if (trial.status === "running") onTrial?.(trial, view);
      const job: Job = { process: trial.process, output: await outputFile(runsFolder, trial.run!) };
      await jobEnd(launcher, job, undefined, signal, () => writerLives(join(runsFolder, trial.run!)));
      end(trial, await outcome(runsFolder, trial.run!, undefined, await launcher.logs(job), signal.aborted));
    }
  };

  const run = async (trial: TrialView) => {
    const before = await runToContinue(runsFolder, trial);
    const run = before?.id ?? makeRunId(view.start.experiment, `trial-${trial.trial}`);
    // Before anything is written: the script may be gone.
    const script = await findScript(view.start.script, repositoryRoot, "sweep.experiment");
    record({ kind: "trial.start", trial: trial.trial, run });
    onTrial?.(trial, view);
    const args = trialArguments(view, trial, runsFolder, run, parallel);
    const job = await launcher.submit({ script, args, output: await outputFile(runsFolder, run) });
    if (job.process !== null) {
      record({ kind: "trial.process", trial: trial.trial, run, process: job.process });
    }
    const how = await jobEnd(launcher, job, tagOnce(runsFolder, view, run), signal);
    const printed = await launcher.logs(job);
    end(trial, await outcome(runsFolder, run, how, printed, signal.aborted, before?.lastSeq));
  };

  return { adopt, run };
}

/** The run that an attempt resumes: that of the last one, if it was interrupted. What failed starts over. */
async function runToContinue(runsFolder: string, { run, status }: TrialView): Promise<RunView | undefined> {
  return run !== null && (status === "lost" || status === "stopped") ? await readRun(runsFolder, run) : undefined;
}

/** The experiment's arguments for one trial. */
function trialArguments(view: SweepView, trial: TrialView, runsFolder: string, run: string, parallel: number) {
  const { start } = view;
  const folder = resolve(runsFolder, SWEEPS_FOLDER, start.sweep);
  return [
    ...trialSettings(start.shared, trial),
    ...(start.configFile === null ? [] : ["--config", join(folder, start.configFile)]),
    ...(parallel === 1 || start.shared.some((arg) => arg === "--threads" || arg === "--engine")
      ? []
      : ["--threads", String(threadsEach(parallel))]),
    "--name",
    `${start.name}, trial ${trial.trial} of ${view.trials.length}`,
    "--runs",
    resolve(runsFolder),
    "--id",
    run,
    "--no-serve",
  ];
}

/** The arguments that make a trial what it is: what all share, its settings, its seed. */
export function trialSettings(shared: readonly string[], { settings, seed }: Pick<TrialView, "settings" | "seed">) {
  return [
    ...shared,
    ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    "--seed",
    String(seed),
  ];
}

/** Trials at once share the processor. Results do not depend on the number of threads. */
function threadsEach(parallel: number): number {
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / parallel));
}

/**
 * What became of a trial whose process has ended.
 *
 * @param how how the process ended, where that is known
 * @param printed what it printed
 * @param lastSeq number of the last event of the run before it was resumed
 */
async function outcome(
  runsFolder: string,
  run: string,
  how: string | undefined,
  printed: string,
  stopping: boolean,
  lastSeq?: number,
): Promise<Outcome> {
  const view = await readRun(runsFolder, run);
  const began = view !== undefined && view.lastSeq !== lastSeq;
  if (began) {
    const { status, seconds, error, cells, values, higher } = outcomeOf(view);
    if (status === "done" || status === "failed" || status === "stopped") {
      return { status, seconds, error, cells, values, higher };
    }
    return { status: "lost", seconds, error: `Its process ended (${how}) before its run did`, cells, values, higher };
  }
  const said = lastLines(printed);
  const status = stopping ? "stopped" : how === undefined || how.startsWith("SIG") ? "lost" : "failed";
  const why = `Its process ended${how === undefined ? "" : ` (${how})`} before its run began`;
  return { status, seconds: null, error: said === "" ? why : `${why}: ${said}`, cells: null, values: {} };
}

/** Gives the run a tag, `sweep:<id>`, once its folder is there, so that `ls --tag` finds a sweep's runs. */
function tagOnce(runsFolder: string, view: SweepView, run: string): () => Promise<void> {
  let tagged = false;
  return async () => {
    if (tagged || await readRun(runsFolder, run).catch(() => undefined) === undefined) return;
    tagged = true;
    const tags = { kind: "tags" as const, add: [sweepTag(view.start.sweep)], remove: [] };
    attempt(() => addLabel(join(runsFolder, run), tags)); // the trial continues without it
  };
}

/** Whether a trial ended by itself before it made a run. */
function neverBegan({ status, cells }: TrialView): boolean {
  return status === "failed" && cells === null;
}
