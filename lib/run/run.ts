// Runs: one folder that one process writes, made of cells that are cached by content.
import { join } from "node:path";
import { explainError, UserError } from "../errors.ts";
import type { Run } from "./cell.ts";
import { runCell } from "./cell-run.ts";
import { CELLS_FOLDER, cleanWorkshops } from "./cell-store.ts";
import type { EventBody, RunEvent, RunResults } from "./events.ts";
import { type Lock, takeLock } from "./lock.ts";
import { createLog, type EventLog } from "./log.ts";
import { isRunId, makeRunId } from "./run-id.ts";
import { versions } from "./versions.ts";

/** Called with every event right after it was written. */
export type RunListener = (event: RunEvent) => void;

export interface OpenRunOptions {
  /** Where runs live; made when it is missing. */
  readonly runsFolder: string;
  /** The run's id. Default: a new one. */
  readonly id?: string | undefined;
  /** Name of the experiment: `bts`. */
  readonly experiment: string;
  readonly title: string;
  readonly preset: string;
  readonly seed: number;
  /** The device that the run uses, as a person should read it. */
  readonly device: string;
  /** The whole configuration, plain JSON. */
  readonly config: unknown;
  /** The cells to come, in order, so that a viewer can show them ahead. */
  readonly plan: readonly { readonly cell: string; readonly title: string }[];
  /** How the run was started, for repeating it. */
  readonly command: readonly string[];
  /** Aborted when the run is to stop. Default: never. */
  readonly signal?: AbortSignal;
  /** In-process readers of the log, such as the terminal. One that throws is reported and goes on being called. */
  readonly onEvent?: readonly RunListener[];
}

/**
 * Opens a new run: makes `<runs>/<id>/`, locks it, and writes `run.start`. Every mistake of the user that can be found
 * before a run (arguments, configuration, data, device) should be found before this call, so that it leaves nothing.
 *
 * @throws UserError `run.folder` when the folder cannot be made, `run.exists` when the given id is taken
 */
export async function openRun(options: OpenRunOptions): Promise<Run> {
  const { runsFolder, signal = new AbortController().signal } = options;
  const made = await versions();
  const { id, folder } = await makeRunFolder(options);
  let lock: Lock | undefined;
  let log: EventLog | undefined;
  try {
    lock = takeLock(folder);
    log = createLog(folder);
    const writer = runWriter(log, lock, options.onEvent ?? []);
    writer.write({
      kind: "run.start",
      schemaVersion: 1,
      run: id,
      experiment: options.experiment,
      title: options.title,
      preset: options.preset,
      seed: options.seed,
      device: options.device,
      config: JSON.parse(JSON.stringify(options.config ?? null)),
      plan: [...options.plan],
      command: [...options.command],
      versions: made,
      pid: Deno.pid,
    });
    await cleanWorkshops(runsFolder);
    const names = new Set<string>();
    return {
      id,
      folder,
      signal,
      async cell(spec, body) {
        if (names.has(spec.name)) throw new Error(`Cannot run the cell "${spec.name}" twice in a run`);
        names.add(spec.name);
        return await runCell({ runsFolder, signal, write: writer.write, sync: writer.sync }, spec, body);
      },
      note: (text, level = "info") => void writer.write({ kind: "note", level, text }),
      finish: (results) => writer.end({ status: "done", results }),
      fail(error) {
        const status = signal.aborted ? "stopped" : "failed";
        writer.end({ status, error: errorText(signal.aborted ? signal.reason : error) });
      },
    };
  } catch (error) {
    log?.close();
    lock?.release();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

/**
 * Opens a run, runs `body` in it, and ends it: as done with the results that `body` returns, otherwise as failed or
 * stopped; what `body` threw is thrown again.
 */
export async function withRun(
  options: OpenRunOptions,
  body: (run: Run) => Promise<RunResults>,
): Promise<{ readonly run: Run; readonly results: RunResults }> {
  const run = await openRun(options);
  try {
    const results = await body(run);
    run.finish(results);
    return { run, results };
  } catch (error) {
    run.fail(error);
    throw error;
  }
}

/** One line (or a few) for `run.end`, without a stack. */
function errorText(error: unknown): string {
  if (error instanceof UserError) return explainError(error);
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

interface RunWriter {
  write(body: EventBody): RunEvent;
  sync(): void;
  end(outcome: { status: "done" | "failed" | "stopped"; results?: RunResults; error?: string }): void;
}

function runWriter(log: EventLog, lock: Lock, listeners: readonly RunListener[]): RunWriter {
  const began = performance.now();
  let ended = false;
  const write = (body: EventBody): RunEvent => {
    const event = log.append(body);
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        console.error("A listener of the run's events failed:", error);
      }
    }
    return event;
  };
  return {
    write,
    sync: log.sync,
    end(outcome) {
      if (ended) return;
      const close = () => {
        ended = true;
        log.close();
        lock.release();
      };
      try {
        write({ kind: "run.end", seconds: (performance.now() - began) / 1000, ...outcome });
        log.sync();
      } catch (error) {
        // Results that do not fit the schema are a bug: the run can still be failed. A full disk ends it here.
        if (outcome.status !== "done") close();
        if (outcome.status === "done") throw error;
        console.error(explainError(error));
        return;
      }
      close();
    },
  };
}

async function makeRunFolder({ runsFolder, experiment, preset, id: wanted }: OpenRunOptions) {
  if (wanted !== undefined && !isRunId(wanted)) throw new Error(`Cannot open a run "${wanted}": it is no run id`);
  try {
    await Deno.mkdir(join(runsFolder, CELLS_FOLDER), { recursive: true });
    for (;;) {
      const id = wanted ?? makeRunId(experiment, preset);
      const folder = join(runsFolder, id);
      try {
        await Deno.mkdir(folder);
        return { id, folder };
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
        if (wanted !== undefined) {
          throw new UserError("run.exists", `There is a run ${wanted} in ${runsFolder} already`, "choose another --id");
        }
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "run.folder",
      `Cannot make a run's folder in ${runsFolder}: ${reason}`,
      "choose a folder that can be written with --runs <folder>",
    );
  }
}
