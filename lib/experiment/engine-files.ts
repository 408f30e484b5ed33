// `--engine kubernetes --dry-run` and `--engine skypilot --dry-run`: files for those who have these, which are not run here.
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import {
  cellsRun,
  type EngineFile,
  kindOf,
  kubernetesFiles,
  kubernetesSchema,
  readJobSettings,
  SKYPILOT_RUNS,
  skypilotFiles,
  skypilotSchema,
} from "../engine/mod.ts";
import { makeRunId, type PlannedCell, repositoryRoot, type RunInvocation } from "../run/mod.ts";
import { cellArguments } from "./cell-arguments.ts";
import type { Place } from "./elsewhere.ts";

/** What the files need to know besides the command line. */
interface FilesFor {
  readonly plan: readonly PlannedCell[];
  readonly device: Pick<Place, "name">;
}

/** Files that are made and not written yet. */
export interface EngineFiles {
  /** Writes them, and says where they are. */
  write(): Promise<string>;
}

/**
 * Makes the files for another scheduler.
 *
 * @returns what writes them into a folder of `.dry-run` in the runs folder
 * @throws UserError `command.conflict` for several seeds, `kubernetes.*` and `skypilot.*`
 */
export async function engineFiles<Config>(
  invocation: RunInvocation<Config>,
  experiment: string,
  { plan, device }: FilesFor,
): Promise<EngineFiles> {
  const { engine, runsFolder, preset, seeds, threads } = invocation;
  if (seeds.length > 1) {
    throw new UserError(
      "command.conflict",
      `Cannot write files for ${seeds.length} seeds at once: they are those of one run`,
      "give one with --seed, and run the command again for each of the others",
    );
  }
  const run = makeRunId(experiment, preset);
  const common = { run, cells: plan, threads, onCpu: device.name === "cpu" };
  const files = engine === "kubernetes"
    ? await forKubernetes(invocation, common)
    : await forSkypilot(invocation, common);
  const folder = join(resolve(runsFolder), ".dry-run", run);
  return {
    async write() {
      await Deno.mkdir(folder, { recursive: true });
      for (const { name, text, executable } of files) {
        await Deno.writeTextFile(join(folder, name), text, { mode: executable ? 0o755 : 0o644 });
      }
      const tool = engine === "kubernetes" ? "kubectl" : "sky";
      return `Wrote ${files.length} files into ${folder}; nothing was handed in. ${
        files.at(-1)!.name
      } there hands them to ` +
        `${tool}, stage by stage, and makes the run ${run}.`;
    },
  };
}

type Common = Pick<Parameters<typeof kubernetesFiles>[0], "run" | "cells" | "threads" | "onCpu">;

/** What the command starts for the cells, and for the run that finds them in the cache. */
async function commandsFor<Config>(
  invocation: RunInvocation<Config>,
  run: string,
  runsFolder: string,
  before: readonly string[],
): Promise<{ readonly cells: readonly string[]; readonly run: readonly string[] }> {
  const [seed] = invocation.seeds;
  const of = async (id: string) => {
    const own = { id, folder: join(resolve(invocation.runsFolder), id) };
    return [...before, ...await cellArguments(own, { ...invocation, runsFolder }, seed!, undefined)];
  };
  return { cells: await of(cellsRun(run)), run: await of(run) };
}

async function forKubernetes<Config>(invocation: RunInvocation<Config>, common: Common): Promise<EngineFile[]> {
  const { engineSettings, runsFolder, configFile } = invocation;
  const settings = readJobSettings("kubernetes", kubernetesSchema, engineSettings, kindsOf(common.cells));
  const script = fileURLToPath(Deno.mainModule);
  const runs = resolve(runsFolder);
  const denoDir = Deno.env.get("DENO_DIR");
  const deno = ["deno", "run", "-A", "--cached-only", "--config", join(repositoryRoot, "deno.json"), script];
  return kubernetesFiles({
    ...common,
    settings,
    commands: await commandsFor(invocation, common.run, runs, deno),
    cwd: Deno.cwd(),
    runsFolder: runs,
    paths: [
      repositoryRoot,
      Deno.cwd(),
      script,
      runs,
      ...[configFile, denoDir].flatMap((path) => path === undefined ? [] : [resolve(path)]),
    ],
    env: {
      NO_COLOR: "1",
      ...(denoDir === undefined ? {} : { DENO_DIR: resolve(denoDir) }),
      STITCHBOOK_SHARED: "1",
      STITCHBOOK_PATIENCE: "60",
    },
    image: `denoland/deno:${Deno.version.deno}`,
  });
}

async function forSkypilot<Config>(invocation: RunInvocation<Config>, common: Common): Promise<EngineFile[]> {
  const settings = readJobSettings("skypilot", skypilotSchema, invocation.engineSettings, kindsOf(common.cells));
  const workdir = Deno.cwd();
  const below = (path: string) => {
    const found = relative(workdir, resolve(path));
    if (!found.startsWith("..")) return found;
    throw new UserError(
      "skypilot.workdir",
      `Cannot write tasks for SkyPilot: ${resolve(path)} is not in ${workdir}, which is copied to the machines`,
      "start the command in the folder that has code and settings",
    );
  };
  const { configFile } = invocation;
  const before = ["--config", below(join(repositoryRoot, "deno.json")), below(fileURLToPath(Deno.mainModule))];
  const here = configFile === undefined ? undefined : below(configFile);
  const commands = await commandsFor(invocation, common.run, SKYPILOT_RUNS, before);
  const relativeConfig = (words: readonly string[]) =>
    words.map((word) => here !== undefined && word === resolve(configFile!) ? here : word);
  return skypilotFiles({
    ...common,
    settings,
    workdir,
    deno: Deno.version.deno,
    commands: { cells: relativeConfig(commands.cells), run: relativeConfig(commands.run) },
  });
}

const kindsOf = (cells: readonly PlannedCell[]) => [...new Set(cells.map(({ cell }) => kindOf(cell)))];
