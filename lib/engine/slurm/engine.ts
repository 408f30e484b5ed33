// The Slurm engine: the cells of a run as jobs that wait for each other, which go on without this process.
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { jobText, type MissingCell } from "../../run/mod.ts";
import { listAttempts, writeTask } from "../attempts.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { CellState, Engine } from "../engine.ts";
import { claimsOf } from "./claims.ts";
import { saidBy, type SlurmCommands, slurmCommands } from "./commands.ts";
import { PROBE_SECONDS, probeNodes } from "./probe.ts";
import { isOver, placeOfJob, type QueuedJob, queueReader, readQueue, waitsInVain } from "./queue.ts";
import { PATIENCE_SECONDS } from "./script.ts";
import { hintOn, type JobsOfRun, planJobs, type PlannedJob, submitJobs } from "./submit.ts";
import { jobId, type JobTable, readTable, writeTable } from "./table.ts";

export interface SlurmEngineOptions extends JobsOfRun {
  /** Whether to follow the jobs that there are, and hand in none. */
  readonly attach: boolean;
  /** The code that the run has here, which nodes are checked for; undefined: nodes are not checked. */
  readonly code?: string;
  /** Called with what a person should know while jobs are handed in. */
  readonly onRemark?: (text: string) => void;
  /** Called with the jobs before they are handed in. */
  readonly onJobs?: (jobs: readonly PlannedJob[]) => void;
  readonly slurm?: SlurmCommands;
  readonly clock?: Clock;
  /** Between two looks at the folders of the jobs. @default 2,000, and more for many */
  readonly pollMs?: number;
  readonly patienceMs?: number;
}

/** Milliseconds for which a job that the queue no longer has may still be about to say how it ended. */
const GONE_MS = 10_000;
/** Milliseconds between two looks at the folders: at least, and for each cell that is followed. */
const POLL_MS = { least: 2_000, cell: 50 };
/** Reasons for which a requeued job waits although it need not. */
const DELAYS: ReadonlySet<string> = new Set(["BeginTime"]);

/** The engine for a run on a cluster. */
export function slurmEngine(options: SlurmEngineOptions): Engine {
  const { run, runFolder, attach, slurm = slurmCommands, clock = systemClock } = options;
  const claims = claimsOf(dirname(runFolder), run, clock);
  const queue = queueReader(slurm, clock);
  let table: JobTable = {};
  const wanted = new Map<string, MissingCell>();
  /** When a cell's job was first missing in the queue. */
  const gone = new Map<string, number>();
  /** The jobs whose delay has been skipped since they last ran. */
  const hurried = new Set<string>();
  /** The cells that were built when the queue was last asked for. */
  let known = 0;
  /** Whether the jobs of the run were cancelled. */
  let cancelled = false;

  const stateOf = async (cell: string, queue: ReadonlyMap<string, QueuedJob>): Promise<CellState> => {
    const entry = table[cell];
    if (entry === undefined) return { cell, state: "ended" };
    const by = entry.of === undefined ? {} : { by: entry.of };
    const job = queue.get(jobId(entry));
    if (job === undefined) {
      const since = gone.get(cell) ?? clock.now();
      gone.set(cell, since);
      if (clock.now() - since < GONE_MS) return { cell, state: "running", ...by };
      const began = (await listAttempts(runFolder, cell)).length > 0;
      return {
        cell,
        state: "ended",
        ...by,
        ...(began ? { how: `job ${jobId(entry)} is no longer in the queue` } : {}),
      };
    }
    gone.delete(cell);
    const place = { job: placeOfJob(job), ...by };
    if (isOver(job)) {
      const never = job.state === "CANCELLED" && /Dependency/.test(job.reason);
      return { cell, state: "ended", ...place, ...(never ? {} : { how: jobText(place.job) }) };
    }
    if (job.state === "PENDING") {
      await hurry(job);
      return { cell, state: "waiting", ...place };
    }
    hurried.delete(job.raw);
    return { cell, state: "running", ...place };
  };

  /**
   * Slurm lets a job that it starts again wait for minutes; it need not. But a node takes a start for the one before, and
   * the job fails ("Job credential revoked"), if both are within a second.
   */
  const hurry = async ({ raw, reason }: QueuedJob) => {
    if (!DELAYS.has(reason) || hurried.has(raw)) return;
    hurried.add(raw);
    await slurm("scontrol", ["update", `JobId=${raw}`, "StartTime=now+3"]).catch(() => {});
  };

  /** Ends the run when a job of its own waits for what will not be: it would wait for ever, and what needs it, too. */
  const refuseVain = async (queue: ReadonlyMap<string, QueuedJob>) => {
    const vain = Object.entries(table).flatMap(([cell, entry]) => {
      const job = entry.of === undefined ? queue.get(jobId(entry)) : undefined;
      return job !== undefined && waitsInVain(job) ? [{ cell, job }] : [];
    });
    const [first] = vain;
    if (first === undefined) return;
    await cancelJobs(slurm, run, table);
    cancelled = true;
    await claims.release([...wanted.values()].map(({ key }) => key));
    throw new UserError(
      "slurm.vain",
      `Slurm has no place for ${vain.map(({ cell }) => cell).join(", ")}: job ${first.job.id} waits with ` +
        `(${first.job.reason}), which does not pass; the jobs of ${run} were cancelled`,
      hintOn(first.job.reason),
    );
  };

  /** Hands in jobs for cells, except for those that a job of another run builds, or has built just now. */
  const handIn = async (cells: readonly MissingCell[], lacking: Parameters<Engine["submit"]>[1]) => {
    let seen: ReadonlySet<string> = new Set();
    const lives = async (entry: JobTable[string]) => {
      // It may have been handed in just now.
      if (!seen.has(jobId(entry))) seen = await liveIds(slurm);
      return seen.has(jobId(entry));
    };
    const claimed: MissingCell[] = [];
    const shared: Record<string, JobTable[string]> = {};
    try {
      for (const one of cells) {
        const other = await claims.take(one.key, lives);
        if (other === undefined) claimed.push(one);
        else shared[one.cell] = other;
      }
      // Another run that had the claim has given it up when it had the cell, which others need no more then.
      const own = await lacking(claimed);
      const left = new Set(own.map(({ cell }) => cell));
      await claims.release(claimed.flatMap(({ cell, key }) => left.has(cell) ? [] : [key]));
      for (const { cell, code, numerics } of own) {
        await writeTask(runFolder, cell, { code, numerics: numerics ?? null });
      }
      const before = { ...table, ...shared };
      await writeTable(runFolder, before);
      const jobs = planJobs(own, options);
      if (jobs.length > 0) options.onJobs?.(jobs);
      const { code, settings: { all: { probe = PROBE_SECONDS } } } = options;
      if (jobs.length > 0 && code !== undefined && probe > 0) {
        options.onRemark?.(await probeNodes(jobs, { ...options, slurm, clock, code, seconds: probe }));
      }
      const keys = new Map(claimed.map(({ cell, key }) => [cell, key]));
      table = await submitJobs(slurm, jobs, runFolder, before, (cell, job) => claims.handedIn(keys.get(cell)!, job));
    } catch (error) {
      await claims.release(claimed.map(({ key }) => key));
      throw error;
    }
  };

  return {
    pollMs: (cells) => options.pollMs ?? Math.max(POLL_MS.least, POLL_MS.cell * cells),
    patienceMs: options.patienceMs ?? 1000 * PATIENCE_SECONDS,
    clock,
    attached: true,
    leaving: () =>
      cancelled
        ? undefined
        : `The jobs go on. Follow them with deno task attach ${run}, list them with deno task queue ${run}, cancel ` +
          `them with deno task stop ${run}`,
    async submit(cells, lacking) {
      if (wanted.size === 0) table = await readTable(runFolder);
      const live = await liveCells(slurm, table);
      // Cells that are given again waited for the job of another run, which has left them.
      const again = cells.filter(({ cell }) => wanted.has(cell));
      await cancel(slurm, run, again.flatMap(({ cell }) => live.has(cell) ? table[cell]! : []));
      table = Object.fromEntries(Object.entries(table).filter(([cell]) => !again.some((one) => one.cell === cell)));
      const jobless = cells.filter(({ cell }) => again.some((one) => one.cell === cell) || !live.has(cell));
      for (const one of cells) {
        wanted.set(one.cell, one);
        gone.delete(one.cell);
      }
      queue.refresh();
      if (jobless.length === 0) return;
      if (attach) {
        const names = jobless.map(({ cell }) => cell).join(", ");
        throw new UserError(
          "slurm.attach",
          `No job builds ${names} of ${run}`,
          `deno task resume ${run} hands in what is missing`,
        );
      }
      await handIn(jobless, lacking);
    },
    async poll(done) {
      if (done.size > known) {
        known = done.size;
        queue.refresh();
      }
      const jobs = await queue.read();
      await refuseVain(jobs);
      return await Promise.all([...wanted.keys()].map((cell) => stateOf(cell, jobs)));
    },
    async cancel() {
      await cancelJobs(slurm, run, table);
      cancelled = true;
    },
    async close() {
      await claims.release([...wanted.values()].map(({ key }) => key));
    },
  };
}

/** The jobs that wait or run. */
async function liveIds(slurm: SlurmCommands): Promise<Set<string>> {
  return new Set((await readQueue(slurm)).filter((job) => !isOver(job)).map(({ id }) => id));
}

/** The cells of a table whose jobs wait or run. */
async function liveCells(slurm: SlurmCommands, table: JobTable): Promise<Set<string>> {
  if (Object.keys(table).length === 0) return new Set();
  const live = await liveIds(slurm);
  return new Set(Object.keys(table).filter((cell) => live.has(jobId(table[cell]!))));
}

/**
 * Cancels the jobs of a run that wait or run; those of other runs, which build cells for it, go on.
 *
 * @returns how many
 * @throws UserError `slurm.cancel` with what Slurm said
 */
export async function cancelJobs(slurm: SlurmCommands, run: string, table: JobTable): Promise<number> {
  const live = await liveCells(slurm, table);
  return await cancel(slurm, run, [...live].map((cell) => table[cell]!));
}

async function cancel(slurm: SlurmCommands, run: string, entries: readonly JobTable[string][]): Promise<number> {
  const ids = entries.filter(({ of }) => of === undefined).map(jobId);
  if (ids.length === 0) return 0;
  const answer = await slurm("scancel", ids);
  if (answer.code === 0) return ids.length;
  throw new UserError(
    "slurm.cancel",
    `Cannot cancel the jobs of ${run}: ${ids.join(", ")}. Slurm said: ${saidBy(answer)}`,
    "scancel cancels them one by one",
  );
}
