// What a process that builds a cell knows of its place: which attempt it is, of which job, on which node. The engine that
// starts it says so in the environment.
import { hostname } from "node:os";

/** `<number>.<restart>`, the name of the attempt. */
export const ATTEMPT_VARIABLE = "STITCHBOOK_ATTEMPT";
/** The job; an earlier process of the same job is given up. */
export const JOB_VARIABLE = "STITCHBOOK_JOB";
/** The node's name, if that is not the host's. */
export const NODE_VARIABLE = "STITCHBOOK_NODE";
/** Seconds that files of other nodes may take to be seen. */
export const PATIENCE_VARIABLE = "STITCHBOOK_PATIENCE";
/** How often a cell may have its job's whole time without a newer checkpoint. */
export const TRIES_VARIABLE = "STITCHBOOK_TRIES";

/** Exit code after a checkpoint because the job's time is up: the scheduler is to start it again. */
export const PREEMPTED_CODE = 75;
/** Exit code because a newer copy of the cell is being built. */
export const FENCED_CODE = 76;

export interface JobPlace {
  /** Undefined: a person started it. */
  readonly attempt: string | undefined;
  readonly job: string | undefined;
  readonly node: string;
  readonly patienceMs: number;
  /** Infinity: as often as it likes. */
  readonly tries: number;
}

/** The place of this process. */
export function placeOf(variable: (name: string) => string | undefined = Deno.env.get): JobPlace {
  const given = (name: string) => variable(name) || undefined;
  return {
    attempt: given(ATTEMPT_VARIABLE),
    job: given(JOB_VARIABLE),
    node: given(NODE_VARIABLE) ?? hostname(),
    patienceMs: 1000 * Number(given(PATIENCE_VARIABLE) ?? 5),
    tries: Number(given(TRIES_VARIABLE) ?? Infinity),
  };
}
