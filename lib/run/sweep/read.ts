// Readers of sweeps. They only read, and they also see trials that outlived the sweep's process.
import { join } from "node:path";
import { didYouMean, systemReason, UserError } from "../../errors.ts";
import { writerLives } from "../process/lock.ts";
import { isAlive } from "../process/process.ts";
import { readRun } from "../log/read.ts";
import { stampOf } from "../log/summary.ts";
import { entriesBelow } from "../files/folders.ts";
import { isRunId } from "../files/run-id.ts";
import { finishedCells, higherResults, isUnderWay, type RunView, valuesOf } from "../view/mod.ts";
import { readSweepLog, SWEEP_FILE, SWEEPS_FOLDER } from "./log.ts";
import { foldSweep, type SweepView, type TrialView } from "./view.ts";

/** The ids of the sweeps in a runs folder, newest first. */
export async function sweepIds(runsFolder: string): Promise<string[]> {
  const entries = await entriesBelow(runsFolder, SWEEPS_FOLDER, "the folder of sweeps");
  return entries.filter(({ name, isDirectory }) => isDirectory && isRunId(name)).map(({ name }) => name).sort()
    .reverse();
}

/** The folder of a sweep; undefined when `id` is not one of those listed. Safe for untrusted ids. */
export async function sweepFolder(runsFolder: string, id: string): Promise<string | undefined> {
  if (!isRunId(id) || !(await sweepIds(runsFolder)).includes(id)) return undefined;
  return join(runsFolder, SWEEPS_FOLDER, id);
}

/**
 * The current state of a sweep; undefined when there is none of this id, or the first line of its file is damaged. The
 * state of a trial whose end was not recorded comes from its run.
 *
 * @throws UserError `sweep.unreadable`
 */
export async function readSweep(runsFolder: string, id: string): Promise<SweepView | undefined> {
  const folder = await sweepFolder(runsFolder, id);
  if (folder === undefined) return undefined;
  try {
    return await readState(runsFolder, folder);
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("sweep.unreadable", `Cannot read the sweep ${id}: ${reason}`, `check ${folder}`);
  }
}

async function readState(runsFolder: string, folder: string): Promise<SweepView | undefined> {
  const live = writerLives(folder);
  const view = await foldOnce(folder);
  if (view === undefined) return undefined;
  for (const trial of view.trials) if (trial.open) await settleTrial(runsFolder, trial, live);
  const all = (status: string) => view.trials.every((trial) => trial.status === status);
  view.status = live ? "running" : all("done") ? "done" : view.closed === "done" ? "failed" : view.closed ?? "lost";
  return view;
}

/** Views by folder, kept while the file does not change: a file of many trials is long. */
const known = new Map<string, { readonly stamp: string; readonly view: SweepView }>();

/** A copy of the view of a sweep's file, which is read again only when it has changed. */
async function foldOnce(folder: string): Promise<SweepView | undefined> {
  const file = await stampOf(join(folder, SWEEP_FILE));
  if (file === undefined) return undefined;
  const stamp = JSON.stringify(file);
  let view = known.get(folder)?.stamp === stamp ? known.get(folder)!.view : undefined;
  if (view === undefined) {
    const log = await readSweepLog(folder);
    view = log && foldSweep(log.events, log.damage);
    if (view === undefined) return undefined;
    known.set(folder, { stamp, view });
  }
  return { ...view, trials: view.trials.map((trial) => ({ ...trial })) };
}

/** The sweeps of a runs folder. */
export interface SweepList {
  /** Newest first. */
  readonly sweeps: readonly SweepView[];
  /** Those that cannot be shown, and why. */
  readonly unreadable: readonly { readonly sweep: string; readonly reason: string }[];
}

/** Every sweep. One that cannot be read hides no other. */
export async function listSweeps(runsFolder: string): Promise<SweepList> {
  const sweeps: SweepView[] = [];
  const unreadable: { sweep: string; reason: string }[] = [];
  for (const id of await sweepIds(runsFolder)) {
    try {
      const view = await readSweep(runsFolder, id);
      if (view !== undefined) sweeps.push(view);
      else if (await stampOf(join(runsFolder, SWEEPS_FOLDER, id, SWEEP_FILE)) !== undefined) {
        unreadable.push({ sweep: id, reason: `The first line of ${SWEEP_FILE}, its table of trials, is damaged` });
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unreadable.push({ sweep: id, reason: error.message });
    }
  }
  return { sweeps, unreadable };
}

/**
 * Updates a started trial from its run and its process.
 *
 * @param sweepLives used where it cannot be told whether the trial's process lives
 */
async function settleTrial(runsFolder: string, trial: TrialView, sweepLives: boolean): Promise<void> {
  // Before reading, so that a process that ends in between does not seem to have died early.
  const alive = (trial.process && isAlive(trial.process)) ?? sweepLives;
  let view: RunView | undefined;
  try {
    view = trial.run === null ? undefined : await readRun(runsFolder, trial.run);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    Object.assign(trial, { status: alive ? "running" : "lost", error: error.message });
    return;
  }
  if (view === undefined) {
    if (!alive) Object.assign(trial, { status: "lost", error: "Its process ended before its run began" });
    return;
  }
  Object.assign(trial, outcomeOf(view));
  // A run that has ended may still be writing its report.
  if (alive && trial.status === "lost") trial.status = "running";
}

/** The state of a trial according to its run. */
export function outcomeOf(
  view: RunView,
): Pick<TrialView, "status" | "seconds" | "error" | "cells" | "values" | "higher" | "progress"> {
  const ended = finishedCells(view.cells);
  const total = view.cells.length;
  const running = isUnderWay(view);
  return {
    status: running ? "running" : view.status === "damaged" ? "lost" : view.status as "done",
    seconds: view.seconds,
    error: view.error ?? (view.status === "lost" ? "Its process ended before its run did" : null),
    cells: { total, cached: view.cells.filter(({ status }) => status === "cached").length },
    values: valuesOf(view),
    higher: higherResults(view),
    progress: running
      ? { ended, total, current: view.cells.find(({ status }) => status === "running")?.name ?? null }
      : null,
  };
}

/**
 * The id of the sweep that `text` names: an id, the start of one, a name that only one sweep has, or `last`.
 *
 * @throws UserError `sweep.none`, `sweep.ambiguous`
 */
export async function resolveSweep(runsFolder: string, text: string): Promise<string> {
  const ids = await sweepIds(runsFolder);
  if (ids.length === 0) {
    throw new UserError(
      "sweep.none",
      `There is no sweep in ${runsFolder}`,
      "start one with deno task sweep experiments/bts.ts --grid stitch.count=1,2, or give --runs",
    );
  }
  if (text === "last") return ids[0]!;
  if (ids.includes(text)) return text;
  const logs = await Promise.all(
    ids.map((id) =>
      readSweepLog(join(runsFolder, SWEEPS_FOLDER, id)).catch((error) => {
        if (systemReason(error) === undefined) throw error;
      })
    ),
  );
  const named = ids.filter((_, i) => {
    const start = logs[i]?.events[0];
    return text !== "" && start?.kind === "sweep.start" && start.name === text;
  });
  const matches = named.length > 0 || text === "" ? named : ids.filter((id) => id.startsWith(text));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    throw new UserError(
      "sweep.ambiguous",
      `"${text}" fits ${matches.length} sweeps: ${matches.slice(0, 5).join(", ")}`,
      named.length > 0 ? "give the id of one" : "give more of the id",
    );
  }
  throw new UserError(
    "sweep.none",
    `There is no sweep "${text}" in ${runsFolder}`,
    didYouMean(text, ids, "", "deno task sweep ls lists the sweeps; last is the newest"),
  );
}
