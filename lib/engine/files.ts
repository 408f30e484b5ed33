// Files for engines that others run: what they have in common.
import type { PlannedCell } from "../run/mod.ts";

/** A file that is written for another program. */
export interface EngineFile {
  readonly name: string;
  readonly text: string;
  /** Whether it is a program. */
  readonly executable?: boolean;
}

/** The jobs of a run to write files for. */
export interface RunToWrite {
  /** The run that the last job makes. */
  readonly run: string;
  readonly cells: readonly PlannedCell[];
  /** Threads of a cell's process, if the command says so; undefined for a device that is not the processor. */
  readonly threads: number | undefined;
  /** Whether cells are computed by the processor. */
  readonly onCpu: boolean;
}

/** The run that cells are built for before there is a run: attempts at them are in its folder. */
export const cellsRun = (run: string): string => `${run}-cells`;

/** A name for jobs, short enough for every scheduler: time and random characters of the run's id. */
export function jobPrefix(run: string): string {
  return run.replace(/^(\d{8}-\d{6})-.*-([a-z0-9]+)$/, "$1-$2").slice(0, 40);
}
