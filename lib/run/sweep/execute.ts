// Working on a sweep: each trial a run of its own in a process of its own, so many at a time, none twice.
import { join, resolve } from "node:path";
import { repositoryRoot } from "../files/code-version.ts";
import { addLabel } from "../catalog/labels.ts";
import { lastLines, launch, type Launched, outputFile } from "../process/launch.ts";
import { writerLives } from "../process/lock.ts";
import { isAlive, processOf, thisProcess } from "../process/process.ts";
import { findScript, scriptArguments } from "../process/script.ts";
import { readRun } from "../log/read.ts";
import { makeRunId } from "../files/run-id.ts";
import type { RunView } from "../view/mod.ts";
import { lockSweep } from "./lock.ts";
import { appendToSweep, type SweepAppender, type SweepEventBody, SWEEPS_FOLDER } from "./log.ts";
import { outcomeOf, readSweep } from "./read.ts";
import type { SweepView, TrialView } from "./view.ts";

export interface ExecuteOptions {
  readonly runsFolder: string;
  readonly id: string;
  /** Trials at once. */
  readonly parallel: number;
  /** Aborted when the sweep is to stop: running trials are asked to, and waited for. */
  readonly signal: AbortSignal;
  /** Called when a trial starts, is found running, or has ended. */
  readonly onTrial?: (trial: TrialView, view: SweepView) => void;
  /** Called with what else is to be told. */
  readonly onNote?: (text: string) => void;
}

/** How often it is looked whether a trial's run has begun, and whether one that somebody else started still runs. */
const LOOK_MS = 250;

type Outcome = Omit<Extract<SweepEventBody, { kind: "trial.end" }>, "kind" | "trial" | "run">;

/**
 * Runs what is not done: trials that are pending, and those that failed, were lost or were stopped. Trials that still
 * run although the process that started them is gone are waited for.
 *
 * @returns the sweep as it stands then
 * @throws UserError `sweep.running` when another process works on it, `sweep.write` when its file cannot be written
 */
export async function executeSweep(options: ExecuteOptions): Promise<SweepView> {
  const { runsFolder, id, parallel, signal } = options;
  const folder = join(runsFolder, SWEEPS_FOLDER, id);
  const lock = lockSweep(folder, id);
  let log: SweepAppender | undefined;
  try {
    log = appendToSweep(folder);
    const view = (await readSweep(runsFolder, id))!;
    log.append({ kind: "sweep.open", process: thisProcess(), parallel });
    const worker = sweepWorker(options, view, log);
    await worker.adopt();
    const waiting = view.trials.filter(({ status }) => status !== "done");
    const slots = Array.from({ length: Math.min(parallel, Math.max(1, waiting.length)) }, async () => {
      for (let trial = waiting.shift(); trial !== undefined && !signal.aborted; trial = waiting.shift()) {
        await worker.run(trial);
        // A device that is not there, memory that does not suffice: the others would fare no better.
        if (neverBegan(trial) && waiting.length > 0 && !view.trials.some(({ status }) => status === "done")) {
          options.onNote?.(`Trial ${trial.trial} could not begin, so the ${waiting.length} others are not tried`);
          waiting.length = 0;
        }
      }
    });
    await Promise.all(slots);
    const done = view.trials.every(({ status }) => status === "done");
    view.closed = signal.aborted ? "stopped" : done ? "done" : "failed";
    log.append({ kind: "sweep.close", status: view.closed });
    view.status = view.closed;
    return view;
  } finally {
    log?.close();
    lock.release();
  }
}

function sweepWorker({ runsFolder, parallel, signal, onTrial }: ExecuteOptions, view: SweepView, log: SweepAppender) {
  const end = (trial: TrialView, outcome: Outcome) => {
    log.append({ kind: "trial.end", trial: trial.trial, run: trial.run!, ...outcome });
    Object.assign(trial, { ...outcome, open: false, progress: null });
    onTrial?.(trial, view);
  };

  /** Writes down what became of trials that an earlier process left, and waits for those that still run. */
  const adopt = async () => {
    for (const trial of view.trials.filter(({ open }) => open)) {
      if (trial.status === "running") onTrial?.(trial, view);
      const stop = onAbort(
        signal,
        () => trial.process !== null && isAlive(trial.process) && terminate(trial.process.pid),
      );
      while (stillRuns(runsFolder, trial)) await sleep(LOOK_MS);
      stop();
      end(trial, await outcome(runsFolder, trial.run!, undefined, signal.aborted));
    }
  };

  const run = async (trial: TrialView) => {
    const before = await runToContinue(runsFolder, trial);
    const run = before?.id ?? makeRunId(view.start.experiment, `trial-${trial.trial}`);
    log.append({ kind: "trial.start", trial: trial.trial, run });
    Object.assign(trial, {
      status: "running",
      run,
      attempts: trial.attempts + 1,
      error: null,
      values: {},
      cells: null,
    });
    onTrial?.(trial, view);
    const output = await outputFile(runsFolder, run);
    const child = launch(await trialArguments(view, trial, runsFolder, run, parallel), output, repositoryRoot);
    if (child.pid !== undefined) {
      trial.process = processOf(child.pid);
      log.append({ kind: "trial.process", trial: trial.trial, run, process: trial.process });
    }
    const stop = onAbort(signal, () => child.pid !== undefined && terminate(child.pid));
    await Promise.all([child.end, tagWhenThere(runsFolder, view, run, child), keepAwake(child)]);
    stop();
    end(trial, await outcome(runsFolder, run, child.ended(), signal.aborted, before?.lastSeq));
  };

  return { adopt, run };
}

/** The run that an attempt goes on with: that of the last one, if it was interrupted. What failed begins anew. */
async function runToContinue(runsFolder: string, { run, status }: TrialView): Promise<RunView | undefined> {
  return run !== null && (status === "lost" || status === "stopped") ? await readRun(runsFolder, run) : undefined;
}

/** The arguments of `deno` for one trial. */
async function trialArguments(view: SweepView, trial: TrialView, runsFolder: string, run: string, parallel: number) {
  const { start } = view;
  const folder = resolve(runsFolder, SWEEPS_FOLDER, start.sweep);
  return scriptArguments(await findScript(start.script, repositoryRoot, "sweep.experiment"), [
    ...trialSettings(start.shared, trial),
    ...(start.configFile === null ? [] : ["--config", join(folder, start.configFile)]),
    ...(parallel === 1 || start.shared.includes("--threads") ? [] : ["--threads", String(threadsEach(parallel))]),
    ...["--name", `${start.name}, trial ${trial.trial} of ${view.trials.length}`],
    ...["--runs", resolve(runsFolder), "--id", run, "--no-serve"],
  ]);
}

/** The arguments that make a trial what it is: what all share, its settings, its seed. */
export function trialSettings(shared: readonly string[], { settings, seed }: Pick<TrialView, "settings" | "seed">) {
  return [
    ...shared,
    ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ...["--seed", String(seed)],
  ];
}

/** Trials at once share the processor. Results do not depend on the number of threads. */
function threadsEach(parallel: number): number {
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / parallel));
}

/**
 * What became of a trial whose process has ended.
 *
 * @param lastSeq where the log of a run that was continued stood before
 */
async function outcome(
  runsFolder: string,
  run: string,
  how: string | undefined,
  stopping: boolean,
  lastSeq?: number,
): Promise<Outcome> {
  const view = await readRun(runsFolder, run);
  const began = view !== undefined && view.lastSeq !== lastSeq;
  if (began) {
    const { status, seconds, error, cells, values } = outcomeOf(view);
    if (status === "done" || status === "failed" || status === "stopped") {
      return { status, seconds, error, cells, values };
    }
    return { status: "lost", seconds, error: `Its process ended (${how}) before its run did`, cells, values };
  }
  const said = await lastLines(await outputFile(runsFolder, run));
  const status = stopping ? "stopped" : how === undefined || how.startsWith("SIG") ? "lost" : "failed";
  const why = `Its process ended${how === undefined ? "" : ` (${how})`} before its run began`;
  return { status, seconds: null, error: said === "" ? why : `${why}: ${said}`, cells: null, values: {} };
}

/** Gives the run a tag, `sweep:<id>`, as soon as its folder is there, so that `ls --tag` finds a sweep's runs. */
async function tagWhenThere(runsFolder: string, view: SweepView, run: string, child: Launched): Promise<void> {
  const folder = join(runsFolder, run);
  for (;;) {
    const over = child.ended() !== undefined;
    if (await readRun(runsFolder, run).then((view) => view !== undefined, () => false)) {
      await addLabel(folder, { kind: "tags", add: [`sweep:${view.start.sweep}`], remove: [] }).catch(() => {});
      return;
    }
    if (over) return;
    await Promise.race([sleep(LOOK_MS), child.end]);
  }
}

/** Whether a trial that another process started still runs. */
function stillRuns(runsFolder: string, { process, run }: TrialView): boolean {
  return (process && isAlive(process)) ?? writerLives(join(runsFolder, run!));
}

/** Whether a trial ended by itself before it made a run. */
function neverBegan({ status, cells }: TrialView): boolean {
  return status === "failed" && cells === null;
}

function terminate(pid: number): void {
  try {
    Deno.kill(pid, "SIGTERM");
  } catch {
    // It has just ended.
  }
}

/** Calls `act` once when the signal is aborted, or at once when it is already; gives a function that takes it back. */
function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener("abort", act, { once: true });
  return () => signal.removeEventListener("abort", act);
}

/** A detached child does not keep this process from ending; this does, until the child has. */
async function keepAwake(child: Launched): Promise<void> {
  const timer = setInterval(() => {}, 60_000);
  await child.end;
  clearInterval(timer);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
