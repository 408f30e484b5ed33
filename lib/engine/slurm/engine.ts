// The Slurm engine: the cells of a run as jobs that wait for each other, which go on without this process.
import { UserError } from "../../errors.ts";
import type { MissingCell } from "../../run/mod.ts";
import { listAttempts, writeTask } from "../attempts.ts";
import type { CellState, Engine } from "../engine.ts";
import { saidBy, type SlurmCommands, slurmCommands } from "./commands.ts";
import { isOver, jobText, type QueuedJob, readQueue } from "./queue.ts";
import { PATIENCE_SECONDS } from "./script.ts";
import { type JobsOfRun, planJobs, type PlannedJob, submitJobs } from "./submit.ts";
import { jobId, type JobTable, readTable } from "./table.ts";

export interface SlurmEngineOptions extends JobsOfRun {
  /** Whether to follow the jobs that there are, and hand in none. */
  readonly attach: boolean;
  /** Called with the jobs before they are handed in. */
  readonly onJobs?: (jobs: readonly PlannedJob[]) => void;
  readonly slurm?: SlurmCommands;
  /** @default 2,000 */
  readonly pollMs?: number;
  readonly patienceMs?: number;
}

/** Milliseconds for which a job that the queue no longer has may still be about to say how it ended. */
const GONE_MS = 10_000;
/** Reasons for which a requeued job waits although it need not. */
const DELAYS: ReadonlySet<string> = new Set(["BeginTime"]);

/** The engine for a run on a cluster. */
export function slurmEngine(options: SlurmEngineOptions): Engine {
  const { run, runFolder, attach, slurm = slurmCommands } = options;
  let table: JobTable = {};
  const wanted: MissingCell[] = [];
  /** When a cell's job was first missing in the queue. */
  const gone = new Map<string, number>();
  /** The jobs whose delay has been skipped since they last ran. */
  const hurried = new Set<string>();

  const stateOf = async (cell: string, queue: ReadonlyMap<string, QueuedJob>): Promise<CellState> => {
    const entry = table[cell];
    if (entry === undefined) return { cell, state: "ended" };
    const job = queue.get(jobId(entry));
    if (job === undefined) {
      const since = gone.get(cell) ?? performance.now();
      gone.set(cell, since);
      if (performance.now() - since < GONE_MS) return { cell, state: "running" };
      const began = (await listAttempts(runFolder, cell)).length > 0;
      return { cell, state: "ended", ...(began ? { how: `job ${jobId(entry)} is no longer in the queue` } : {}) };
    }
    gone.delete(cell);
    const text = jobText(job);
    if (isOver(job)) {
      const never = job.state === "CANCELLED" && /Dependency/.test(job.reason);
      return { cell, state: "ended", text, ...(never ? {} : { how: text }) };
    }
    if (job.state === "PENDING") {
      await hurry(job);
      return { cell, state: "waiting", text };
    }
    hurried.delete(job.raw);
    return { cell, state: "running", text };
  };

  /** Slurm lets a job that it starts again wait for minutes; it need not. */
  const hurry = async ({ raw, reason }: QueuedJob) => {
    if (!DELAYS.has(reason) || hurried.has(raw)) return;
    hurried.add(raw);
    await slurm("scontrol", ["update", `JobId=${raw}`, "StartTime=now"]);
  };

  return {
    pollMs: options.pollMs ?? 2_000,
    patienceMs: options.patienceMs ?? 1000 * PATIENCE_SECONDS,
    attached: true,
    leaving:
      `The jobs go on. Follow them with deno task attach ${run}, list them with deno task queue ${run}, cancel ` +
      `them with deno task stop ${run}`,
    async submit(cells) {
      wanted.push(...cells);
      table = await readTable(runFolder);
      const live = await liveCells(slurm, table);
      const lacking = cells.filter(({ cell }) => !live.has(cell));
      if (lacking.length === 0) return;
      if (attach) {
        const names = lacking.map(({ cell }) => cell).join(", ");
        throw new UserError(
          "slurm.attach",
          `No job builds ${names} of ${run}`,
          `deno task resume ${run} hands in what is missing`,
        );
      }
      for (const { cell, code, numerics } of lacking) {
        await writeTask(runFolder, cell, { code, numerics: numerics ?? null });
      }
      const jobs = planJobs(lacking, options);
      options.onJobs?.(jobs);
      table = await submitJobs(slurm, jobs, runFolder, table);
    },
    async poll() {
      const queue = new Map((await readQueue(slurm)).map((job) => [job.id, job]));
      return await Promise.all(wanted.map(({ cell }) => stateOf(cell, queue)));
    },
    async cancel() {
      await cancelJobs(slurm, run, table);
    },
  };
}

/** The cells of a table whose jobs wait or run. */
async function liveCells(slurm: SlurmCommands, table: JobTable): Promise<Set<string>> {
  if (Object.keys(table).length === 0) return new Set();
  const live = new Set((await readQueue(slurm)).filter((job) => !isOver(job)).map(({ id }) => id));
  return new Set(Object.keys(table).filter((cell) => live.has(jobId(table[cell]!))));
}

/**
 * Cancels the jobs of a run that wait or run.
 *
 * @returns how many
 * @throws UserError `slurm.cancel` with what Slurm said
 */
export async function cancelJobs(slurm: SlurmCommands, run: string, table: JobTable): Promise<number> {
  const live = await liveCells(slurm, table);
  if (live.size === 0) return 0;
  const ids = [...live].map((cell) => jobId(table[cell]!));
  const answer = await slurm("scancel", ids);
  if (answer.code === 0) return ids.length;
  throw new UserError(
    "slurm.cancel",
    `Cannot cancel the jobs of ${run}: ${ids.join(", ")}. Slurm said: ${saidBy(answer)}`,
    "scancel cancels them one by one",
  );
}
