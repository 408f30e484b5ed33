// The engine that builds the cells of a run, as its command line says.
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import {
  type Engine,
  type JobsOfRun,
  jobsTable,
  type KindDevices,
  kindOf,
  localEngine,
  planJobs,
  type PlannedJob,
  readKindDevices,
  siteSettings,
  slurmCommands,
  slurmDevices,
  slurmEngine,
  slurmSettings,
  writeKindDevices,
  writeScripts,
} from "../engine/mod.ts";
import {
  estimatedSeconds,
  formatTable,
  makeRunId,
  type PlannedCell,
  repositoryRoot,
  type Run,
  type RunInvocation,
  type Speed,
} from "../run/mod.ts";
import type { Place } from "./elsewhere.ts";
import { cellArguments } from "./cell-arguments.ts";
import { codeHere } from "./probe.ts";

/** What an engine needs to know besides its run and the command line. */
export interface EngineFor {
  readonly rngSeed: number;
  readonly device: Pick<Place, "name" | "description" | "numerics" | "threads">;
  readonly plan: readonly PlannedCell[];
  readonly speed: Speed | undefined;
  /** Shows a person what is about to be handed in. */
  readonly print: (text: string) => void;
}

/** What builds the cells of a run. */
interface RunEngine {
  /** Undefined: this process builds the cells itself, one after another. */
  readonly engine: Engine | undefined;
  /** Undefined: all cells compute on the same device. */
  readonly devices: KindDevices | undefined;
}

/** The engine of a run, and what its cells compute on. */
export async function engineFor<Config>(
  run: Pick<Run, "id" | "folder">,
  invocation: RunInvocation<Config>,
  context: EngineFor,
): Promise<RunEngine> {
  const { engine, parallel, attach } = invocation;
  const { rngSeed, device, plan, print } = context;
  if (engine === "slurm") {
    const onJobs = (jobs: readonly PlannedJob[]) => print(`\n${formatTable(jobsTable(jobs))}\n`);
    const jobs = await slurmJobs(run, invocation, context);
    const code = codeHere();
    const known = await readKindDevices(run.folder);
    const { numerics } = device;
    const devices = attach ? known : await slurmDevices({ jobs, plan, numerics, known, code });
    await writeKindDevices(run.folder, devices);
    const onRemark = (text: string) => text !== "" && print(text);
    return { engine: slurmEngine({ ...jobs, attach, onJobs, code, onRemark }), devices };
  }
  await writeKindDevices(run.folder, undefined);
  if (parallel === 1) return { engine: undefined, devices: undefined };
  const { name, threads } = device;
  const each = name !== "cpu" || threads === undefined ? undefined : Math.max(1, Math.floor(threads / parallel));
  const local = localEngine({
    runFolder: run.folder,
    script: fileURLToPath(Deno.mainModule),
    args: await cellArguments(run, invocation, rngSeed, each),
    parallel,
  });
  return { engine: local, devices: undefined };
}

/** What the jobs of a run on a cluster share. */
export async function slurmJobs<Config>(
  run: Pick<Run, "id" | "folder">,
  invocation: RunInvocation<Config>,
  { rngSeed, device, plan, speed }: Omit<EngineFor, "print">,
): Promise<JobsOfRun> {
  const kinds = [...new Set(plan.map(({ cell }) => kindOf(cell)))];
  const settings = slurmSettings(invocation.engineSettings, kinds, await siteSettings());
  const asked = invocation.engineSettings.find(([name]) => /(^|\.)device$/.test(name));
  if (device.name === "elsewhere" && asked !== undefined) {
    throw new UserError(
      "command.conflict",
      `Cannot use --slurm.${asked[0]} ${asked[1]}: no node computes anything, but ${device.description}`,
      "leave the setting out",
    );
  }
  const { threads } = invocation;
  const args = await cellArguments(run, invocation, rngSeed, undefined);
  const denoDir = Deno.env.get("DENO_DIR");
  return {
    run: run.id,
    runFolder: await Deno.realPath(run.folder).catch(() => run.folder),
    cwd: Deno.cwd(),
    command: [
      Deno.execPath(),
      "run",
      "-A",
      // Nodes have no network: what is not there cannot be fetched.
      "--cached-only",
      "--config",
      join(repositoryRoot, "deno.json"),
      fileURLToPath(Deno.mainModule),
      ...args,
    ],
    env: denoDir === undefined ? {} : { DENO_DIR: denoDir },
    device: {
      name: device.name === "elsewhere" ? undefined : device.name,
      chosen: invocation.device !== "auto",
    },
    settings: threads === undefined ? settings : { ...settings, all: { cpus: threads, ...settings.all } },
    secondsOf: (cell: PlannedCell) => speed && estimatedSeconds([cell], speed),
  };
}

/**
 * Finds mistakes in what jobs ask for, and whether there is a Slurm, before anything is written.
 *
 * @throws UserError `slurm.setting`, `slurm.site`, `slurm.absent`, `slurm.timeout`
 */
export async function checkSlurm<Config>(
  invocation: RunInvocation<Config>,
  experiment: string,
  context: Omit<EngineFor, "rngSeed" | "print">,
): Promise<void> {
  await jobsOfPlan(invocation, experiment, context);
  await slurmCommands("sinfo", ["--version"]);
}

/** The jobs of a run that is only planned. */
async function jobsOfPlan<Config>(
  invocation: RunInvocation<Config>,
  experiment: string,
  context: Omit<EngineFor, "rngSeed" | "print">,
): Promise<{ readonly id: string; readonly jobs: readonly PlannedJob[] }> {
  const { runsFolder, preset, seeds } = invocation;
  const id = makeRunId(experiment, preset);
  const run = { id, folder: join(resolve(runsFolder), id) };
  return { id, jobs: planJobs(context.plan, await slurmJobs(run, invocation, { ...context, rngSeed: seeds[0]! })) };
}

/** Writes the scripts of the jobs of a run that is only planned, and shows what they ask for. */
export async function showJobs<Config>(
  invocation: RunInvocation<Config>,
  experiment: string,
  context: Omit<EngineFor, "rngSeed">,
): Promise<void> {
  const { id, jobs } = await jobsOfPlan(invocation, experiment, context);
  const folder = join(resolve(invocation.runsFolder), ".dry-run", id);
  await writeScripts(folder, jobs);
  context.print(
    `${formatTable(jobsTable(jobs))}\n\nTheir scripts are in ${folder}. Nothing was handed in; cells that are in the ` +
      "cache then get no job.",
  );
}
