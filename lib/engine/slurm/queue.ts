// Reading the queue: which of our jobs Slurm has, and in which state. `--json` differs from release to release, so the
// text form is read.
import { UserError } from "../../errors.ts";
import type { JobPlace } from "../../run/mod.ts";
import type { Clock } from "../clock.ts";
import { saidBy, type SlurmCommands, wrapperHint } from "./commands.ts";

/** A job, or a task of an array, as `squeue` prints it. */
export interface QueuedJob {
  /** As people name it: `12`, or `12_0` for a task of an array. */
  readonly id: string;
  /** The number that is this task's own, with which it can be changed; that of the array while it has none. */
  readonly raw: string;
  /** `PENDING`, `RUNNING`, `COMPLETED`, … */
  readonly state: string;
  readonly node: string;
  /** Why it waits, or how it failed. */
  readonly reason: string;
}

const FORMAT = "%i|%A|%T|%N|%r";

/** The states in which a job neither runs nor will run. */
const OVER: ReadonlySet<string> = new Set([
  ...["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"],
  ...["REVOKED", "TIMEOUT"],
]);

/** Reasons to wait that do not pass: what the job asks for is not there, or not allowed. */
const VAIN: ReadonlySet<string> = new Set([
  ...["AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS", "PartitionConfig", "PartitionNodeLimit"],
  ...["PartitionTimeLimit", "QOSNotAllowed"],
]);

/** Whether a job waits for what will not be, as long as nobody changes the cluster. */
export const waitsInVain = ({ state, reason }: QueuedJob) => state === "PENDING" && VAIN.has(reason);

/** Whether a job neither runs nor will run. */
export const isOver = ({ state }: QueuedJob) => OVER.has(state);

/**
 * The user's jobs, those that ended within the last minutes included.
 *
 * @throws UserError `slurm.queue` when `squeue` fails or prints something else
 */
export async function readQueue(slurm: SlurmCommands): Promise<QueuedJob[]> {
  const answer = await slurm("squeue", ["-h", "-r", "--me", "-t", "all", "-o", FORMAT]);
  if (answer.code !== 0) throw new UserError("slurm.queue", `Slurm cannot list jobs. It said: ${saidBy(answer)}`);
  return answer.stdout.split("\n").filter((line) => line !== "").map((line) => {
    const [id, raw, state, node, ...reason] = line.split("|");
    if (!/^\d+(_\d+)?(\+\d+)?$/.test(id ?? "") || !/^\d+$/.test(raw ?? "") || !/^[A-Z_]+$/.test(state ?? "")) {
      const message = `squeue printed "${line}", where ${FORMAT} was expected`;
      throw new UserError("slurm.queue", message, wrapperHint("squeue"));
    }
    return { id: id!, raw: raw!, state: state!, node: node ?? "", reason: reason.join("|") };
  });
}

/** Reads the queue, and less and less often while it does not change: the controller serves everybody. */
export interface QueueReader {
  /**
   * Jobs by id, as they were a moment ago, or when Slurm last answered.
   *
   * @throws UserError as `readQueue()` does, when Slurm has not answered for ten minutes
   */
  read(): Promise<ReadonlyMap<string, QueuedJob>>;
  /** Something has changed: the next reading asks Slurm. */
  refresh(): void;
}

/** Milliseconds between two readings: at first, and at most; each is so many times as long as the one before. */
const PAUSE = { least: 2_000, most: 30_000, growth: 1.5 };
/** Milliseconds for which the last answer stands when Slurm gives none: its controller may be restarted. */
const SILENT_MS = 600_000;

/** A reader of the queue for one run. */
export function queueReader(slurm: SlurmCommands, clock: Clock): QueueReader {
  let last: { readonly text: string; readonly jobs: ReadonlyMap<string, QueuedJob>; readonly at: number } | undefined;
  let next = -Infinity;
  let pause = PAUSE.least;
  return {
    async read() {
      if (last !== undefined && clock.now() < next) return last.jobs;
      const jobs = await readQueue(slurm).catch((error) => {
        if (last === undefined || clock.now() - last.at > SILENT_MS) throw error;
      });
      if (jobs === undefined) {
        next = clock.now() + PAUSE.most;
        return last!.jobs;
      }
      const text = jobs.map(({ id, state, node }) => `${id} ${state} ${node}`).join("\n");
      pause = text === last?.text ? Math.min(PAUSE.most, pause * PAUSE.growth) : PAUSE.least;
      next = clock.now() + pause;
      last = { text, jobs: new Map(jobs.map((job) => [job.id, job])), at: clock.now() };
      return last.jobs;
    },
    refresh() {
      next = -Infinity;
      pause = PAUSE.least;
    },
  };
}

/** Where a job is, as it is logged. */
export function placeOfJob({ id, state, node, reason }: QueuedJob): JobPlace {
  return { job: id, state: state.toLowerCase().replaceAll("_", " "), node, reason: reason === "None" ? "" : reason };
}
