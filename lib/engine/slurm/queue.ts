// Reading the queue: which of our jobs Slurm has, and in which state. `--json` differs from release to release, so the
// text form is read.
import { UserError } from "../../errors.ts";
import { saidBy, type SlurmCommands } from "./commands.ts";

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
      throw new UserError("slurm.queue", `squeue printed "${line}", where ${FORMAT} was expected`);
    }
    return { id: id!, raw: raw!, state: state!, node: node ?? "", reason: reason.join("|") };
  });
}

/** What is known of a job, as a clause: `job 12_0 waits (Priority)`. */
export function jobText({ id, state, node, reason }: QueuedJob): string {
  const why = reason === "" || reason === "None" ? "" : ` (${reason})`;
  if (state === "PENDING") return `job ${id} waits${why}`;
  if (state === "RUNNING") return `job ${id} runs on ${node}`;
  return `job ${id} is ${state.toLowerCase().replaceAll("_", " ")}${node === "" ? "" : ` on ${node}`}${why}`;
}
