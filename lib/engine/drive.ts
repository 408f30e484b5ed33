// Driving a run whose cells are built elsewhere: hand in what is missing, follow every attempt's log into the run's, and
// say how each cell ended. The run's own body then finds all cells in the cache.
import { UserError } from "../errors.ts";
import {
  type CellRunner,
  followLog,
  type JobPlace,
  jobText,
  type MissingCell,
  type Run,
  type RunEvent,
} from "../run/mod.ts";
import { type AttemptEnd, listAttempts, readEnd } from "./attempts.ts";
import type { CellState, Engine } from "./engine.ts";

/** A cell that is followed. */
interface Followed {
  readonly cell: MissingCell;
  /** The attempt whose log is read, and what reads on. */
  attempt?: { readonly name: string; readonly folder: string; readonly more: () => Promise<readonly RunEvent[]> };
  relay?: (event: RunEvent) => void;
  /** How the attempt ended, when that was last looked for. */
  end?: AttemptEnd | undefined;
  /** Where its job was then, and how often its log alone will be looked at before the next time. */
  place?: string | undefined;
  glances: number;
  /** Where its job was when that was last logged. */
  logged?: JobPlace;
  outcome?: "done" | "failed";
  /** Since when it has been over for the engine, and not seen in the cache. */
  since?: number;
}

/**
 * Builds the cells that a run lacks with an engine.
 *
 * @throws UserError when cells failed, after everything that does not need them is built; the signal's reason when it is
 *   aborted, after what is under way has stopped, or, with an engine whose jobs go on, at once
 */
export async function driveCells(
  run: Run,
  engine: Engine,
  body: (run: CellRunner) => Promise<unknown>,
): Promise<void> {
  const missing = await run.elsewhere.missing(body);
  if (missing.length === 0) return;
  const cells = missing.map((cell): Followed => ({ cell, glances: 0 }));
  const followed = new Set(missing.map(({ cell }) => cell));
  const done = new Set<string>();
  const finish = (one: Followed) => {
    one.outcome = "done";
    done.add(one.cell.cell);
  };
  /** Of some cells those that the cache lacks; the others are done, and told in the run's log. */
  const lacking = async (asked: readonly MissingCell[]) => {
    const names = new Set(asked.map(({ cell }) => cell));
    // Of the others that are followed, their own processes tell.
    const mayTake = (cell: string) => names.has(cell) || done.has(cell) || !followed.has(cell);
    const left = (await run.elsewhere.missing(body, mayTake)).filter(({ cell }) => names.has(cell));
    for (const { cell } of left) names.delete(cell);
    cells.filter(({ cell }) => names.has(cell.cell)).forEach(finish);
    return left;
  };
  await engine.submit(missing, lacking);
  const failures: { readonly cell: string; readonly end: AttemptEnd | undefined; readonly how: string }[] = [];
  let cancelled = false;
  const followAll = async () => {
    for (;;) {
      if (run.signal.aborted && !cancelled) {
        const leaving = engine.leaving();
        if (leaving !== undefined) {
          run.note(leaving);
          run.signal.throwIfAborted();
        }
        await engine.cancel();
        cancelled = true;
      }
      const states = new Map((await engine.poll(done)).map((state) => [state.cell, state]));
      for (const one of cells) {
        if (one.outcome !== undefined) continue;
        const name = one.cell.cell;
        if (
          one.cell.needs.some((need) => cells.some(({ cell, outcome }) => cell.cell === need && outcome === "failed"))
        ) {
          one.outcome = "failed";
          continue;
        }
        const state = states.get(name) ?? { cell: name, state: "ended" };
        const end = state.state === "waiting" && one.attempt === undefined
          ? undefined
          : await follow(run, engine, one, state);
        logJob(run, one, state);
        const built = state.by === undefined
          ? end?.status === "done" && await run.elsewhere.isBuilt(name)
          : state.state === "ended" &&
            (await lacking([one.cell])).length === 0;
        if (built) {
          finish(one);
        } else if (state.by !== undefined) {
          // A job of another run was to build it. What completed may be seen late.
          const left = state.state === "ended" && (state.job?.state !== "completed" || isLate(one, engine));
          if (cancelled) one.outcome = "failed";
          if (!left || cancelled) continue;
          delete one.since;
          run.note(
            `The run ${state.by} has left ${name}, which it was building for this one, too: it is handed in again`,
          );
          await engine.submit(withDependents(cells, name), lacking);
          break;
        } else if (state.state === "ended" && isOver(cells, one, end, state, engine)) {
          one.outcome = "failed";
          const how = endText(run, one, end, state);
          // Without an attempt, what it builds on has failed, or nothing was started any more.
          if ((one.attempt ?? state.how) !== undefined && !cancelled) failures.push({ cell: name, end, how });
          run.elsewhere.end(name, cancelled ? "stopped" : "failed", how);
        }
      }
      if (cells.every(({ outcome }) => outcome !== undefined)) break;
      await engine.clock.sleep(engine.pollMs(cells.filter(({ outcome }) => outcome === undefined).length));
    }
  };
  await followAll().catch((error) => {
    throw run.signal.aborted ? error : leftBy(error, engine);
  });
  await engine.close();
  run.signal.throwIfAborted();
  if (done.size < cells.length) throw failureOf(run, failures, cells.length - done.size);
}

/** An error that ends the following of cells, with what becomes of those that are built further. */
function leftBy(error: unknown, engine: Engine): unknown {
  const leaving = engine.leaving();
  if (!(error instanceof UserError) || leaving === undefined) return error;
  const { code, message, hint } = error;
  return new UserError(code, message, hint === undefined ? leaving : `${hint}. ${leaving}`);
}

/** Looks at an attempt's log alone, after a look for newer attempts and for an end: so many times in a row. */
const GLANCES = 4;

/** Passes on what the newest attempt at a cell has logged, and returns how it ended, if that has been seen. */
async function follow(
  run: Run,
  engine: Engine,
  one: Followed,
  { job }: CellState,
): Promise<AttemptEnd | undefined> {
  const { cell } = one.cell;
  const pass = async () => {
    const events = await one.attempt!.more();
    for (const event of events) {
      if (event.kind === "cell.start") await run.elsewhere.keepRecord(cell, one.attempt!.folder);
      one.relay!(event);
    }
    return events.length > 0;
  };
  const place = job && jobText(job);
  if (one.attempt !== undefined && place !== undefined && place === one.place && one.glances > 0) {
    // Every look is a call of the server of a network folder, and there may be hundreds of cells.
    one.glances = await pass() ? 0 : one.glances - 1;
    return one.end;
  }
  one.place = place;
  one.glances = GLANCES;
  const newest = (await listAttempts(run.folder, cell)).at(-1);
  if (newest === undefined) return undefined;
  if (newest.name !== one.attempt?.name) {
    const attached = one.attempt === undefined && engine.attached === true;
    one.attempt = { ...newest, more: followLog(newest.folder) };
    one.relay = run.elsewhere.relay(cell, attached);
  }
  // Read before the log, so that the log is whole when it is there.
  one.end = await readEnd(newest.folder);
  if (await pass()) one.glances = 0;
  return one.end;
}

/** Logs where a cell's job is, when that has changed. */
function logJob(run: Run, one: Followed, { cell, job }: CellState): void {
  if (job === undefined || (one.logged !== undefined && jobText(job) === jobText(one.logged))) return;
  one.logged = job;
  run.elsewhere.job(cell, job);
}

/** A cell, and what needs it, or needs what needs it, of those that are not over. */
function withDependents(cells: readonly Followed[], name: string): MissingCell[] {
  const names = new Set([name]);
  // Cells come after those that they need.
  const chosen = cells.filter(({ cell, outcome }) => {
    const needs = outcome === undefined && (cell.cell === name || cell.needs.some((need) => names.has(need)));
    if (needs) names.add(cell.cell);
    return needs;
  });
  return chosen.map(({ cell }) => cell);
}

/** Whether a cell that the engine has done with is over: it may be there, and not be seen yet. */
function isOver(
  cells: readonly Followed[],
  one: Followed,
  end: AttemptEnd | undefined,
  { how }: CellState,
  engine: Engine,
): boolean {
  const never = one.attempt === undefined && how === undefined;
  // What it builds on has failed, which is yet to be seen, or is handed in again.
  if (never && cells.some(({ cell, outcome }) => outcome === undefined && one.cell.needs.includes(cell.cell))) {
    return false;
  }
  if (never || (end !== undefined && end.status !== "done")) return true;
  return isLate(one, engine);
}

/** Whether a cell has been over for the engine for so long that it would have been seen. */
function isLate(one: Followed, { clock, patienceMs }: Engine): boolean {
  one.since ??= clock.now();
  return clock.now() - one.since > patienceMs;
}

function endText(run: Run, { attempt }: Followed, end: AttemptEnd | undefined, { how }: CellState): string {
  if (end?.status === "stopped" && how !== undefined) return `${how}: ${end.message}`;
  if (end?.message !== undefined) return end.message;
  if (end?.status === "done") return "it was built, but its result cannot be seen from here";
  if (attempt === undefined && how !== undefined) {
    return `${how}, and left nothing in ${run.folder}, which its node may not see`;
  }
  return `its process ended${how === undefined ? "" : ` (${how})`} before the cell did`;
}

function failureOf(
  run: Run,
  failures: readonly { readonly cell: string; readonly end: AttemptEnd | undefined; readonly how: string }[],
  missing: number,
): UserError {
  const [first] = failures;
  const others = missing - failures.length;
  const left = others === 0 ? "" : `; ${others} ${others === 1 ? "cell" : "cells"} not begun for want of others`;
  if (first === undefined) return new UserError("cell.missing", `Cells of ${run.id} were not built${left}`);
  const texts = failures.map(({ cell, how }) => `${cell}: ${how}`);
  return new UserError(
    first.end?.code ?? "cell.failed",
    failures.length === 1
      ? `The cell ${texts[0]}${left}`
      : `${failures.length} cells failed${left}. ${texts.join("; ")}`,
    `${
      first.end?.hint === undefined ? "" : `${first.end.hint}; `
    }deno task logs ${run.id} ${first.cell} shows what it ` +
      `printed, and deno task resume ${run.id} builds what is missing`,
  );
}
