// The command line of an experiment: plan, preflight checks, device, page, and one run per seed.
import type { z } from "zod";
import {
  answerTrialCheck,
  CHECK_OPTION,
  configDifferences,
  endWithParent,
  formatTable,
  hearStopsWhileBusy,
  parseExperimentArguments,
  type RunInvocation,
  runMain,
  type RunView,
  stopSignal,
  terminalView,
} from "../run/mod.ts";
import { type ServerWorker, startServerWorker, takenPortText } from "../serve/mod.ts";
import { openDevice } from "../tensor/mod.ts";
import { engineHelp } from "../engine/mod.ts";
import { deviceOfCell, workOnCell } from "./cell-worker.ts";
import { elsewhere, type Place } from "./elsewhere.ts";
import { type Experiment, planOf } from "./experiment.ts";
import { checkSlurm, showJobs } from "./engine-for.ts";
import { engineFiles } from "./engine-files.ts";
import { keepPageOpen } from "./keep-page-open.ts";
import { answerProbe } from "./probe.ts";
import { resultTables, runJson, seedsOutcome } from "./outcome.ts";
import { checkMemory, checkTime, showPlan } from "./preflight.ts";
import { repeatCommand, thisScript } from "./repeat.ts";
import { type RunOnce, runOnce } from "./run-once.ts";

/** Default port of a run's page. */
const PORT = 8420;

/** Runs an experiment from its command line; an error ends the process. */
export async function experimentMain<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  await runMain(() => experimentCommand(experiment, args));
}

/**
 * Runs an experiment from its command line.
 *
 * @throws UserError for a mistake in the arguments, or in what they name
 */
export async function experimentCommand<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  args: readonly string[],
): Promise<void> {
  if (args[0] === CHECK_OPTION) return await answerTrialCheck(experiment);
  const at = args.findIndex((arg) => arg === "--help" || arg === "-h");
  const help = at < 0 ? undefined : engineHelp(args[at + 1]);
  if (help !== undefined) return console.log(help);
  const parsed = parseExperimentArguments(args, experiment.definition);
  if (parsed.kind === "help") return console.log(parsed.text);
  const [name, ...options] = parsed.command;
  const invocation = {
    ...await completed(experiment, parsed),
    command: [name!, ...experiment.words ?? [], ...options],
  };
  const { config, dryRun, threads } = invocation;
  const backend = await deviceOfCell(invocation);
  await experiment.check(config);
  const plan = await planOf(experiment, config);
  const other = experiment.elsewhere?.(config);
  const device: Place = other !== undefined ? elsewhere(other, backend) : await openDevice(backend, {
    ...(threads === undefined ? {} : { threads }),
    waitsForDispatches: true,
  });
  if (device.name === "webgpu" && !dryRun) await hearStopsWhileBusy();
  const endWatch = endWithParent();
  try {
    if (invocation.probe !== undefined) return await answerProbe(invocation.probe, device);
    if (invocation.cell !== undefined) return await workOnCell(experiment, invocation, device);
    if (dryRun) {
      const { engine } = invocation;
      const files = engine === "kubernetes" || engine === "skypilot"
        ? await engineFiles(invocation, experiment.definition.name, { plan, device })
        : undefined;
      const speed = await showPlan(plan, device, invocation);
      if (engine === "local") return;
      const print = invocation.json ? console.error : console.log;
      if (files !== undefined) return print(await files.write());
      return await showJobs(invocation, experiment.definition.name, { plan, speed, device, print });
    }
    if (invocation.engine === "slurm") {
      await checkSlurm(invocation, experiment.definition.name, { plan, speed: undefined, device });
    }
    // What this machine can do says nothing of the nodes of a cluster.
    const force = invocation.force || invocation.engine === "slurm";
    checkMemory(plan, device, { ...invocation, force });
    const speed = await checkTime(plan, { ...invocation, force });
    await runSeeds(experiment, invocation, { plan, speed }, device);
  } finally {
    endWatch();
    await device.close();
  }
}

/** The invocation with the settings that follow from files that the settings name. */
async function completed<Schema extends z.ZodType, Prepared>(
  { complete }: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
): Promise<RunInvocation<z.output<Schema>>> {
  const config = await complete?.(invocation) ?? invocation.config;
  const changed = configDifferences(invocation.config, config).map(({ key }) => [key, "checkpoint"] as const);
  return { ...invocation, config, origins: { ...invocation.origins, ...Object.fromEntries(changed) } };
}

async function runSeeds<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
  planned: Pick<RunOnce<Prepared>, "plan" | "speed">,
  device: Place,
): Promise<void> {
  const { config, seeds, runsFolder } = invocation;
  const command = repeatCommand(thisScript(), invocation.command);
  const began = performance.now();
  const context = { runsFolder, report: (text: string) => console.error(text) };
  // The first seed's data is loaded before anything is written or served.
  let prepared: Prepared | undefined = await experiment.prepare(config, seeds[0]!, context);
  const terminal = terminalView();
  let server: ServerWorker | undefined;
  const views: RunView[] = [];
  try {
    if (invocation.serve) {
      const port = invocation.port ?? PORT;
      server = await startServerWorker({ runsFolder, port, isPrivate: invocation.isPrivate });
      const remark = takenPortText(port, server.port);
      if (remark !== undefined) terminal.print(remark);
    }
    for (const rngSeed of seeds) {
      prepared ??= await experiment.prepare(config, rngSeed, context);
      views.push(
        await runOnce(experiment, invocation, { rngSeed, ...planned, device, prepared, server, terminal, command }),
      );
      await experiment.release?.(prepared);
      prepared = undefined;
    }
    if (server !== undefined && Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) {
      await keepPageOpen(server, terminal.print, stopSignal());
    }
  } finally {
    terminal.close();
    await server?.close();
  }
  if (invocation.serve) terminal.print(`See it again with: deno task serve${runsOption(runsFolder)}`);
  const { tables, longTables = [] } = experiment;
  const inJson = tables && [...tables, ...longTables];
  const outcome = seeds.length === 1
    ? runJson(views[0]!, inJson)
    : await seedsOutcome(invocation, views, inJson, command, terminal);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  if (invocation.json) console.log(JSON.stringify({ ...outcome, seconds }));
  // For `> results.txt`; a terminal has shown the table already.
  else if (!Deno.stdout.isTerminal()) {
    for (const view of views) for (const table of resultTables(view, tables)) console.log(formatTable(table));
  }
}

function runsOption(runsFolder: string): string {
  return runsFolder === "runs" ? "" : ` --runs ${runsFolder}`;
}
