// The process that builds one cell of a run, for an engine or for a person (`deno task cell`).
import type { z } from "zod";
import type { DeviceName } from "../device-names.ts";
import { UserError } from "../errors.ts";
import {
  type AttemptEnd,
  checkProgress,
  FENCED_CODE,
  type JobPlace,
  kindOf,
  listAttempts,
  makeAttempt,
  onKindDevices,
  placeOf,
  PREEMPTED_CODE,
  readKindDevices,
  readTask,
  writeEnd,
} from "../engine/mod.ts";
import { type CellRunner, runFolder, type RunInvocation, runLoneCell, stopSignal, terminalView } from "../run/mod.ts";
import type { Place } from "./elsewhere.ts";
import type { Experiment } from "./experiment.ts";

/** Why a cell is left with a checkpoint: its job's time is up. */
class PreemptedError extends Error {
  override readonly name = "PreemptedError";
}

/**
 * Builds the cell that the command line names, or finds it in the cache. Its attempt's folder gets the log and how it
 * ended; the exit code tells an engine's script the same.
 *
 * @throws UserError as `runLoneCell()` does, `run.none`, and `cell.code` or `cell.numerics` when this machine would not
 *   make what the run wants
 */
export async function workOnCell<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
  device: Place,
): Promise<void> {
  const { runsFolder, id, cell, seeds: [rngSeed = 1], config, fresh } = invocation;
  const run = id!;
  const place = placeOf();
  const folder = await seenRun(runsFolder, run, place);
  const attempt = await makeAttempt(folder, cell!, place.attempt);
  const terminal = terminalView();
  const { signal, preempted } = stopOrPreempt();
  const finish = (end: Pick<AttemptEnd, "status"> & Partial<AttemptEnd>) =>
    writeEnd(attempt.folder, {
      ...end,
      node: place.node,
      ...(place.job === undefined ? {} : { job: place.job }),
      time: new Date().toISOString(),
    });
  let prepared: Prepared | undefined;
  try {
    prepared = await experiment.prepare(config, rngSeed, { runsFolder, report: (text) => console.error(text) });
    const task = place.attempt === undefined ? undefined : await readTask(folder, cell!);
    const devices = await readKindDevices(folder);
    const body = (cells: CellRunner) => {
      const run = onKindDevices(cells, devices, kindOf(cell!));
      return experiment.body({ run, config, rngSeed, device, prepared: prepared! });
    };
    await runLoneCell({
      runsFolder,
      run,
      cell: cell!,
      folder: attempt.folder,
      signal,
      // Started again, it goes on from its own checkpoints.
      fresh: fresh && (await listAttempts(folder, cell!)).length === 1,
      job: place.job,
      patienceMs: place.patienceMs,
      onEvent: terminal.onEvent,
      async check(made) {
        if (task === undefined) return;
        checkPlace(made, task, place.node);
        const { tries } = place;
        await checkProgress({ runFolder: folder, cell: cell!, attempt: attempt.name, step: made.step, tries });
      },
    }, body);
    await finish({ status: "done" });
  } catch (error) {
    if (preempted() && error === signal.reason) {
      await finish({ status: "preempted", message: "its time was up; it left a checkpoint" });
      console.error("Left with a checkpoint: the time of this job is up");
      Deno.exitCode = PREEMPTED_CODE;
      return;
    }
    const fenced = error instanceof UserError && error.code === "cell.fenced";
    const status = fenced ? "fenced" : signal.aborted ? "stopped" : "failed";
    await finish({ status, ...explained(error) });
    if (!fenced) throw error;
    console.error((error as UserError).message);
    Deno.exitCode = FENCED_CODE;
  } finally {
    terminal.close();
    if (prepared !== undefined) await experiment.release?.(prepared);
  }
}

/** The device that builds the cell that the command line names. */
export async function deviceOfCell<Config>(
  { runsFolder, id, cell, device }: Pick<RunInvocation<Config>, "runsFolder" | "id" | "cell" | "device">,
): Promise<DeviceName> {
  const folder = id === undefined ? undefined : await runFolder(runsFolder, id);
  const devices = cell === undefined || folder === undefined ? undefined : await readKindDevices(folder);
  return devices?.kinds[kindOf(cell!)]?.device ?? device;
}

/** The run's folder, which another machine may have made just now. */
async function seenRun(runsFolder: string, run: string, { patienceMs, node }: JobPlace): Promise<string> {
  for (const until = performance.now() + patienceMs;;) {
    const folder = await runFolder(runsFolder, run);
    if (folder !== undefined) return folder;
    if (performance.now() > until) {
      throw new UserError(
        "run.none",
        `There is no run ${run} in ${runsFolder} on ${node}`,
        "all nodes must see the runs folder under the same path",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Aborted as `stopSignal()` is, and by SIGUSR1, with which a scheduler says that the time is nearly up. */
function stopOrPreempt(): { readonly signal: AbortSignal; preempted(): boolean } {
  const controller = new AbortController();
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGUSR1", () => controller.abort(new PreemptedError("The time of this job is up")));
  }
  return { signal: AbortSignal.any([stopSignal(), controller.signal]), preempted: () => controller.signal.aborted };
}

function checkPlace(
  made: { readonly code: string; readonly numerics: string | undefined },
  task: { readonly code: string; readonly numerics: string | null },
  node: string,
): void {
  if (made.code !== task.code) {
    throw new UserError(
      "cell.code",
      `${node} has another version of the code than the run`,
      "use one checkout that all nodes see, and leave it unchanged while cells are being built, or leave the node out " +
        `with --slurm.nodes.exclude ${node}; then resume the run`,
    );
  }
  if ((made.numerics ?? null) !== task.numerics) {
    throw new UserError(
      "cell.numerics",
      `${node} computes with ${made.numerics}, but the run with ${task.numerics}: the last bits would differ`,
      `choose nodes with the same processor features (--slurm.constraint), or leave ${node} out with ` +
        `--slurm.nodes.exclude ${node}`,
    );
  }
}

function explained(error: unknown): Pick<AttemptEnd, "code" | "message" | "hint"> {
  if (!(error instanceof UserError)) return { message: error instanceof Error ? error.message : String(error) };
  const { code, message, hint } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}
