// Handing jobs in: cells of a kind that need the same become an array; each job waits for those that it builds on.
import { basename, join } from "node:path";
import { UserError } from "../../errors.ts";
import type { PlannedCell } from "../../run/mod.ts";
import { attemptsOf } from "../attempts.ts";
import { groupsOf, processBytes } from "../groups.ts";
import { saidBy, type SlurmCommands, wrapperHint } from "./commands.ts";
import { type JobScript, jobScript } from "./script.ts";
import { type CommandDevice, deviceFor, requestOf, type SlurmRequest, type SlurmSettings } from "./settings.ts";
import { jobId, JOBS_FOLDER, type JobTable, writeTable } from "./table.ts";

/** What the jobs of a run share. */
export interface JobsOfRun extends Pick<JobScript, "runFolder" | "cwd" | "command" | "env"> {
  /** The run's id. */
  readonly run: string;
  readonly settings: SlurmSettings;
  /** Where the command computes, and its cells if nothing else is said of them. */
  readonly device: CommandDevice;
  /** Seconds that a cell is estimated to take on that device; undefined: not known. */
  readonly secondsOf: (cell: PlannedCell) => number | undefined;
}

/** A job to hand in. */
export interface PlannedJob<Cell extends PlannedCell = PlannedCell> {
  /** Name of its script. */
  readonly name: string;
  readonly cells: readonly Cell[];
  readonly request: SlurmRequest;
  readonly script: string;
}

/** A job gets this many times the estimated time, and never less than some minutes. */
const TIME_FACTOR = 3;
const LEAST_MINUTES = 10;

/** The jobs for cells, in an order in which each comes after those that it needs. */
export function planJobs<Cell extends PlannedCell>(cells: readonly Cell[], jobs: JobsOfRun): PlannedJob<Cell>[] {
  return groupsOf(cells).map(({ name, cells }) => {
    const request = withDefaults(requestOf(jobs.settings, cells[0]!.cell), cells, jobs);
    const script = jobScript({
      ...jobs,
      name: `${jobs.run}/${name}`,
      cells: cells.map(({ cell }) => ({ cell, attempts: attemptsOf(jobs.runFolder, cell) })),
      jobsFolder: join(jobs.runFolder, JOBS_FOLDER),
      request,
    });
    return { name, cells, request, script };
  });
}

/** What the settings do not say follows from the plan. */
function withDefaults(request: SlurmRequest, cells: readonly PlannedCell[], jobs: JobsOfRun): SlurmRequest {
  const device = deviceFor(request, jobs.device);
  const known = device === jobs.device.name;
  const seconds = Math.max(...cells.map((cell) => known ? jobs.secondsOf(cell) ?? Infinity : Infinity));
  const minutes = Math.max(LEAST_MINUTES, Math.ceil(TIME_FACTOR * seconds / 60));
  return {
    mem: `${Math.ceil(processBytes(cells) / 1e6)}M`,
    ...(Number.isFinite(minutes) ? { time: String(minutes) } : {}),
    ...request,
    ...(device === undefined ? {} : { device }),
  };
}

/** Writes the scripts into a folder, and returns their paths by the jobs' names. */
export async function writeScripts(folder: string, jobs: readonly PlannedJob[]): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  return await Promise.all(jobs.map(async ({ name, script }) => {
    const path = join(folder, `${name}.sh`);
    await Deno.writeTextFile(path, script, { mode: 0o700 });
    return path;
  }));
}

/**
 * Hands jobs in.
 *
 * @param before the jobs that build other cells
 * @param onJob called when Slurm has taken the job of a cell
 * @returns the table of all of them, which the run's folder has, too
 * @throws UserError `slurm.submit` with what Slurm said; what was handed in is cancelled then
 */
export async function submitJobs(
  slurm: SlurmCommands,
  jobs: readonly PlannedJob[],
  runFolder: string,
  before: JobTable,
  onJob: (cell: string, entry: JobTable[string]) => Promise<void> = () => Promise.resolve(),
): Promise<JobTable> {
  const paths = await writeScripts(join(runFolder, JOBS_FOLDER), jobs);
  const table: Record<string, JobTable[string]> = { ...before };
  const made: string[] = [];
  /** The name of a job that Slurm may have taken without saying so. */
  let unanswered: string | undefined;
  try {
    for (const [i, { cells }] of jobs.entries()) {
      const needed = cells[0]!.needs.flatMap((cell) => table[cell] ?? []).map(jobId);
      const dependency = needed.length === 0 ? [] : [`--dependency=afterok:${needed.join(":")}`];
      unanswered = jobs[i]!.name;
      const answer = await slurm("sbatch", ["--parsable", ...dependency, paths[i]!]);
      const job = /^(\d+)(;\S+)?$/m.exec(answer.stdout)?.[1];
      if (answer.code !== 0) unanswered = undefined;
      if (answer.code !== 0 || job === undefined) throw refused(jobs[i]!.name, answer);
      unanswered = undefined;
      made.push(job);
      cells.forEach(({ cell }, task) => table[cell] = { job, task: cells.length > 1 ? task : null });
      await writeTable(runFolder, table);
      for (const { cell } of cells) await onJob(cell, table[cell]!);
    }
    return table;
  } catch (error) {
    if (unanswered !== undefined) {
      await slurm("scancel", ["--me", `--name=${basename(runFolder)}/${unanswered}`]).catch(() => {});
    }
    if (made.length > 0) {
      const cancelled = await slurm("scancel", made).then(({ code }) => code === 0, () => false);
      await writeTable(runFolder, before).catch(() => {});
      if (!cancelled && error instanceof UserError) {
        throw new UserError(
          error.code,
          `${error.message}; jobs ${made.join(", ")} remain`,
          `scancel ${made.join(" ")}`,
        );
      }
    }
    throw error;
  }
}

/** Which setting to look at, by what Slurm says. */
const HINTS: readonly (readonly [said: RegExp, hint: string])[] = [
  [/memory/i, "sinfo -o '%P %m' shows the memory of nodes; ask for less with --slurm.mem"],
  [/account|association/i, "sacctmgr show associations lists your accounts; choose one with --slurm.account"],
  [/qos/i, "choose another with --slurm.qos"],
  [/time ?limit/i, "ask for less with --slurm.time"],
  [
    /node configuration|partitionconfig|nodelimit|feature|constraint|gres/i,
    "sinfo -o '%P %c %m %G %f' shows what nodes have",
  ],
  [/partition/i, "sinfo lists the partitions; choose one with --slurm.partition"],
  [/node name/i, "sinfo -N lists the nodes; look at --slurm.nodes.exclude"],
];

/** What to do about something that Slurm said of a job. */
export const hintOn = (said: string): string | undefined => HINTS.find(([pattern]) => pattern.test(said))?.[1];

/** What `sbatch` said instead of the number of a job. */
export function refused(name: string, answer: Awaited<ReturnType<SlurmCommands>>): UserError {
  const said = saidBy(answer);
  return answer.code === 0
    ? new UserError(
      "slurm.submit",
      `sbatch printed "${said}" for the job ${name}, where its number was expected`,
      wrapperHint("sbatch"),
    )
    : new UserError("slurm.submit", `Slurm refuses the job ${name}. It said: ${said}`, hintOn(said));
}
