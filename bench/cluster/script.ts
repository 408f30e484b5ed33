// What the simulated Slurm reads of a job's script.

export interface ReadScript {
  readonly cells: readonly string[];
  readonly partition: string;
  /** Seconds of the time limit, and before it of the notice. */
  readonly limit: number;
  readonly notice: number;
  /** How often a cell that failed is tried again. */
  readonly retries: number;
}

/** @param script as `jobScript()` writes it, with a time limit in minutes and cells whose names have no spaces */
export function readScript(script: string): ReadScript {
  const find = (pattern: RegExp) => {
    const found = pattern.exec(script)?.[1];
    if (found === undefined) throw new Error(`The script of a job has no ${pattern}`);
    return found;
  };
  return {
    cells: find(/^cells=\((.*)\)$/m).split(" "),
    partition: find(/^#SBATCH --partition=(.*)$/m),
    limit: 60 * Number(find(/^#SBATCH --time=(\d+)$/m)),
    notice: Number(find(/^#SBATCH --signal=B:USR1@(\d+)$/m)),
    retries: Number(find(/-le (\d+) \]/)),
  };
}
