// The arguments with which a process builds one cell of a run: those of the run's own command, for that cell.
import { resolve } from "node:path";
import { CAPTURED_FOLDER, readProvenance, type Run, type RunInvocation, withoutOptions } from "../run/mod.ts";

/** Options of the command that say how the whole run is shown, started or repeated, and whether each takes a value. */
const DROPPED: Readonly<Record<string, boolean>> = {
  "--attach": false,
  "--config": true,
  "--dry-run": false,
  "--engine": true,
  "--id": true,
  "--json": false,
  "--kubernetes.": true,
  "--no-serve": false,
  "--parallel": true,
  "--port": true,
  "--private": false,
  "--runs": true,
  "--seed": true,
  "--seeds": true,
  "--skypilot.": true,
  "--slurm.": true,
  "--threads": true,
  "--webhook": true,
};

/**
 * What the experiment's script is given before the name of a cell, to build that cell of a run.
 *
 * @param threads of the cell's process; undefined: all of its machine
 */
export async function cellArguments<Config>(
  run: Pick<Run, "id" | "folder">,
  { command, runsFolder, configFile }: RunInvocation<Config>,
  rngSeed: number,
  threads: number | undefined,
): Promise<string[]> {
  // The run's own copy: the file may be edited meanwhile.
  const copy = (await readProvenance(run.folder)).findLast(({ configCopy }) => configCopy)?.configCopy;
  const config = copy ? resolve(run.folder, CAPTURED_FOLDER, copy) : configFile && resolve(configFile);
  return [
    ...withoutOptions(command.slice(1), DROPPED),
    ...(config === undefined ? [] : ["--config", config]),
    "--runs",
    resolve(runsFolder),
    "--seed",
    String(rngSeed),
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
    "--no-serve",
    "--id",
    run.id,
  ];
}
