// Runs: one folder that one process writes, made of cells that are cached by content.
import { join } from "node:path";
import { attempt, explainError, UserError } from "../../errors.ts";
import type { CellRunner, Run } from "./cell.ts";
import { copyRecord } from "./cell-record.ts";
import { type CellHost, runCell, takeCell } from "./cell-run.ts";
import { CELLS_FOLDER, cleanWorkshops, findCell } from "./cell-store.ts";
import { checkContinuation, type MayChange } from "./continuation.ts";
import { previewCells } from "./preview.ts";
import { previewText } from "./preview-text.ts";
import { relayCell } from "./relay.ts";
import { surveyCells } from "./survey.ts";
import { EVENT_SCHEMA_VERSION, type EventBody, type Planned, type RunEvent, type Speed } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";
import { foldEvents } from "../view/mod.ts";
import { type Lock, takeLock } from "../process/lock.ts";
import { type EventLog, LOG_FILE, openLog } from "../log/log.ts";
import { addToHistories, type CellHistories, cellHistories, secondsSpent } from "../log/cell-history.ts";
import { LOG_START, readWhole } from "../log/parse-log.ts";
import { isRunId, makeRunId } from "../files/run-id.ts";
import { type RunListener, type RunWriter, runWriter } from "../log/run-writer.ts";
import { versions } from "../files/versions.ts";

export interface BeginRunOptions {
  /** Where runs live; made when it is missing. */
  readonly runsFolder: string;
  /** The run's id. Default: a new one. */
  readonly id?: string | undefined;
  /** Continues this run instead of beginning a new one: its log grows, and what it has finished is not repeated. */
  readonly continues?: string | undefined;
  /** Brings the settings of the continued run, perhaps of an older version, into their present form. Default: as they are. */
  readonly readConfig?: (config: unknown) => unknown;
  /** Which settings may have changed since, by key path with `*` for any part. Default: none. */
  readonly mayChange?: MayChange;
  /** Whether what interrupted runs left of unfinished cells is thrown away. @default false */
  readonly fresh?: boolean;
  /** Name of the experiment: `bts`. */
  readonly experiment: string;
  readonly title: string;
  readonly preset: string;
  readonly seed: number;
  /** The device that the run uses, as a person should read it. */
  readonly device: string;
  /** `cpu`, `webgpu` or `reference`. */
  readonly backend?: string;
  /** The whole configuration, plain JSON. */
  readonly config: unknown;
  /** The cells to come, in order, so that a viewer can show them ahead. */
  readonly plan: readonly Planned[];
  /** The device's speed, if it was measured. */
  readonly speed?: Speed | undefined;
  /** How the run was started, for repeating it. */
  readonly command: readonly string[];
  /** Aborted when the run is to stop. Default: never. */
  readonly signal?: AbortSignal;
  /** Settles with the reason when what the run computes on fails: the run does not wait for work that may hang. */
  readonly failure?: Promise<Error>;
  /** In-process readers of the log, such as the terminal. One that throws is reported and still called. */
  readonly onEvent?: readonly RunListener[];
  /** Gets the events that a continued run already has, before the first new one. */
  readonly onPast?: (events: readonly RunEvent[]) => void;
  /**
   * Runs the experiment's body with a given runner. A run that is continued calls it before anything starts, to say which
   * cells start over because their code or text has changed.
   */
  readonly preview?: (run: CellRunner) => Promise<unknown>;
}

/**
 * Begins a run: a new one, or the one that `continues` names.
 *
 * A new run's folder `<runs>/<id>/` is made and locked, and `run.start` written. Every mistake of the user that can be
 * found before a run (arguments, configuration, data, device) should be found before this call, so that it leaves nothing.
 *
 * @throws UserError `run.folder` when the folder cannot be made or written, `run.exists` when the given id is taken,
 * `run.locked` when another process writes the run, `run.changed` and `run.over` when it cannot be continued so
 */
export async function beginRun(options: BeginRunOptions): Promise<Run> {
  const made = await versions();
  const opened = options.continues === undefined ? await newRun(options) : await oldRun(options, options.continues);
  const { id, folder, lock, log, past } = opened;
  try {
    const { runsFolder, signal = new AbortController().signal } = options;
    options.onPast?.(past);
    const writer = runWriter(log, lock, options.onEvent ?? [], secondsSpent(past));
    const request = {
      schemaVersion: EVENT_SCHEMA_VERSION,
      title: options.title,
      device: options.device,
      ...(options.backend === undefined ? {} : { backend: options.backend }),
      config: plain(options.config),
      plan: [...options.plan],
      ...(options.speed === undefined ? {} : { speed: options.speed }),
      command: [...options.command],
      versions: made,
      pid: Deno.pid,
    };
    const { experiment, preset, seed } = options;
    if (past.length > 0) writer.write({ kind: "run.resume", ...request });
    else writer.write({ kind: "run.start", run: id, experiment, preset, seed, ...request });
    await cleanWorkshops(runsFolder);
    const pasts = cellHistories(past);
    if (past.length > 0 && options.preview !== undefined) {
      const host = { runsFolder, folder, past: (cell: string) => pasts.get(cell) };
      const text = previewText(await previewCells(host, options.preview));
      if (text !== undefined) writer.write({ kind: "note", level: "warning", text });
    }
    return runOf({ id, folder, runsFolder, signal, writer, pasts, fresh: options.fresh ?? false });
  } catch (error) {
    log.close();
    lock.release();
    if (past.length === 0) await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

interface OpenedRun {
  readonly id: string;
  readonly folder: string;
  readonly lock: Lock;
  readonly log: EventLog;
  /** What the log held. */
  readonly past: readonly RunEvent[];
}

async function newRun(options: BeginRunOptions): Promise<OpenedRun> {
  const { id, folder } = await makeRunFolder(options);
  let lock: Lock | undefined;
  try {
    lock = takeLock(folder, id);
    return { id, folder, lock, log: openLog(folder), past: [] };
  } catch (error) {
    lock?.release();
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    throw error;
  }
}

async function oldRun(options: BeginRunOptions, id: string): Promise<OpenedRun> {
  const folder = join(options.runsFolder, id);
  const lock = takeLock(folder, id);
  try {
    const { events, position } = await readWhole(join(folder, LOG_FILE), LOG_START);
    const view = foldEvents(events);
    if (view === undefined || view.seed === null) {
      throw new UserError(
        "run.damaged",
        `Cannot resume ${id}: the start of its event log cannot be read, so its settings are unknown`,
        "start a new run with --fresh; cells that are finished come from the cache",
      );
    }
    const { experiment, seed, mayChange = {}, readConfig = (config) => config } = options;
    const wanted = { experiment, seed, config: plain(options.config) };
    const before = { ...view, seed: view.seed, config: readConfig(view.config), done: view.status === "done" };
    checkContinuation(id, before, wanted, mayChange);
    // Numbers of damaged lines are not given out again.
    const after = { seq: Math.max(position.seq, position.line - 1), offset: position.offset };
    return { id, folder, lock, log: openLog(folder, { after }), past: events };
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface RunParts {
  readonly id: string;
  readonly folder: string;
  readonly runsFolder: string;
  readonly signal: AbortSignal;
  readonly writer: RunWriter;
  readonly pasts: CellHistories;
  readonly fresh: boolean;
}

function runOf({ id, folder, runsFolder, signal, writer, pasts, fresh }: RunParts): Run {
  const names = new Set<string>();
  const past = (cell: string) => pasts.get(cell);
  const host = { runsFolder, folder, run: id, signal, fresh, past, ...writer };
  return {
    id,
    folder,
    signal,
    elsewhere: elsewhereOf(host, pasts),
    async cell(spec, body) {
      if (names.has(spec.name)) throw new Error(`Cannot run the cell "${spec.name}" twice in a run`);
      names.add(spec.name);
      return await runCell(host, spec, body);
    },
    note: (text, level = "info", alert) =>
      void writer.write({ kind: "note", level, text, ...(alert === undefined ? {} : { alert }) }),
    seconds: writer.seconds,
    finish: (results) => writer.end({ status: "done", results }),
    fail(error) {
      const status = signal.aborted ? "stopped" : "failed";
      // Stopping may fail in its turn, say when a last checkpoint does not fit on the disk.
      if (signal.aborted && error instanceof UserError) attempt(() => writer.write(noteOf(explainError(error))));
      writer.end({ status, error: errorText(signal.aborted ? signal.reason : error) });
    },
  };
}

/** What is logged here of cells that other processes build, the body of the run finds done when it comes to them. */
function elsewhereOf(host: CellHost, pasts: CellHistories): Run["elsewhere"] {
  const write = (body: EventBody, replayed?: boolean) => {
    const event = host.write(body, replayed);
    addToHistories(pasts, event);
    return event;
  };
  const { runsFolder, folder, past } = host;
  return {
    missing: (body, mayTake = () => true) =>
      surveyCells({
        runsFolder,
        past,
        async take(spec, cellBody) {
          return mayTake(spec.name) ? await takeCell({ ...host, write }, spec, cellBody) : undefined;
        },
      }, body),
    relay: (cell, attached) => relayCell({ past, write }, cell, attached),
    job: (cell, place) => void write({ kind: "cell.job", cell, ...place }),
    end(cell, status, summary) {
      const history = past(cell);
      if (history === undefined || history.end !== undefined) return;
      const seconds = Math.max(0, Date.now() - Date.parse(history.start.time)) / 1000;
      write({ kind: "cell.end", cell, status, seconds, summary });
    },
    keepRecord: (cell, attempt) => copyRecord(attempt, folder, cell),
    async isBuilt(cell) {
      const key = past(cell)?.start.cellKey;
      return key !== undefined && (await findCell(runsFolder, key)).kind === "whole";
    },
  };
}

/**
 * Begins a run, runs `body` in it, and ends it: as done with the results that `body` returns, otherwise as failed or
 * stopped; what `body` threw is thrown again.
 *
 * @throws UserError `device.failed` when `options.failure` settles first
 *
 * @example
 * ```ts
 * import { openRun } from "@stitchbook/stitchbook";
 * import { withRun } from "@stitchbook/stitchbook/run";
 * import assert from "node:assert/strict";
 *
 * const runsFolder = await Deno.makeTempDir();
 * const about = { experiment: "sums", title: "Sums", preset: "own", seed: 1, device: "none", config: {}, command: [] };
 * const { run } = await withRun({ ...about, runsFolder, plan: [] }, () => {
 *   return Promise.resolve({ domains: [], measures: [], methods: {} });
 * });
 * using opened = await openRun("last", { runs: runsFolder });
 * assert.deepEqual([opened.id, opened.view.status], [run.id, "done"]);
 * await Deno.remove(runsFolder, { recursive: true });
 * ```
 */
export async function withRun(
  options: BeginRunOptions,
  body: (run: Run) => Promise<RunResults>,
): Promise<{ readonly run: Run; readonly results: RunResults }> {
  const run = await beginRun(options);
  let broken: UserError | undefined;
  const failed = new Promise<never>((_, reject) =>
    options.failure?.then((reason) => reject(broken = brokenBy(reason)))
  );
  failed.catch(() => {});
  try {
    const results = await Promise.race([body(run), failed]);
    run.finish(results);
    return { run, results };
  } catch (error) {
    // Work on a broken device may fail in its own way a moment before the reason is known.
    await new Promise((resolve) => setTimeout(resolve));
    const reason = broken ?? error;
    run.fail(reason);
    throw reason;
  }
}

function brokenBy({ message }: Error): UserError {
  const hint = "give the same command again: the run resumes from its last checkpoint";
  return new UserError("device.failed", message, hint);
}

/** A value as JSON keeps it. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));

const noteOf = (text: string) => ({ kind: "note", level: "error", text }) as const;

/** One line (or a few) for `run.end`, without a stack. */
function errorText(error: unknown): string {
  if (error instanceof UserError) return explainError(error);
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function makeRunFolder({ runsFolder, experiment, preset, id: wanted }: BeginRunOptions) {
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
