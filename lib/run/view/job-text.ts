// Where the job of a cell is on a cluster, in words: for terminal, page, notebook and errors.
import type { JobPlace } from "../events/events.ts";

/** What is known of a job, as a clause: `job 12_0 waits (Priority)`. */
export function jobText({ job, state, node, reason }: JobPlace): string {
  const why = reason === "" ? "" : ` (${reason})`;
  if (state === "pending") return `job ${job} waits${why}`;
  if (state === "running") return `job ${job} runs on ${node}`;
  return `job ${job} is ${state}${node === "" ? "" : ` on ${node}`}${why}`;
}
