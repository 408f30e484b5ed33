// What every experiment's command does around the experiment itself: arguments, device, page, seeds, reports, JSON.
import { join, relative, sep as SEPARATOR } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { seedsTable, writeReport, writeSeedsReport } from "../report/mod.ts";
import {
  answerTrialCheck,
  captureProvenance,
  CHECK_OPTION,
  type CheckedExperiment,
  formatTable,
  openAlarms,
  parseExperimentArguments,
  readRun,
  repositoryRoot,
  resultsTable,
  type Run,
  runFolder,
  type RunInvocation,
  type RunListener,
  runMain,
  type RunResults,
  type RunView,
  shellLine,
  stopSignal,
  type Table,
  teeConsole,
  terminalView,
  unfinishedRun,
  type Wanted,
  withRun,
  writeTextAtomically,
} from "../run/mod.ts";
import { type ServerWorker, startServerWorker, takenPortText } from "../serve/mod.ts";
import { type Device, openDevice } from "../tensor/mod.ts";
import { keepPageOpen } from "./keep-page-open.ts";
import { endWithParent } from "./parent.ts";
import type { PlannedCell } from "./plan.ts";
import { checkMemory, checkTime, showPlan } from "./preflight.ts";
import { repeatCommand, seedsReportFolder } from "./repeat.ts";

/** An experiment: its settings, what it prepares, and its cells. */
export interface Experiment<Schema extends z.ZodType, Prepared> extends CheckedExperiment<Schema> {
  /** Names of the tables that are its result, where that is no table of methods: for the terminal and for `--json`. */
  readonly tables?: readonly string[];
  /** What stands before the options in the command that repeats a run. */
  readonly words?: readonly string[];
  readonly plan: (config: z.output<Schema>) => PlannedCell[];
  /** Loads what may turn out to be a user's mistake, before the run's folder is made. */
  readonly prepare: (config: z.output<Schema>, seed: number) => Promise<Prepared>;
  readonly body: (context: ExperimentContext<z.output<Schema>, Prepared>) => Promise<RunResults>;
}

/** What the body of an experiment gets. */
export interface ExperimentContext<Config, Prepared> {
  readonly run: Run;
  readonly config: Config;
  readonly seed: number;
  readonly device: Device;
  readonly prepared: Prepared;
}

/** Default port of a run's page. */
const PORT = 8420;
/** Tables that the terminal shows; the page and the report show all. */
const TERMINAL_TABLES = new Set(["results", "plan"]);

/** Runs an experiment from its command line. */
export async function experimentMain<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  args: readonly string[] = Deno.args,
): Promise<void> {
  await runMain(async () => {
    if (args[0] === CHECK_OPTION) return await answerTrialCheck(experiment);
    const parsed = parseExperimentArguments(args, experiment.definition);
    if (parsed.kind === "help") return console.log(parsed.text);
    const [name, ...options] = parsed.command;
    const invocation = { ...parsed, command: [name!, ...experiment.words ?? [], ...options] };
    const { config, dryRun, device: backend, threads } = invocation;
    experiment.check(config);
    const plan = experiment.plan(config);
    const device = await openDevice(backend, threads === undefined ? {} : { threads });
    const endWatch = endWithParent();
    try {
      if (dryRun) return await showPlan(plan, device, invocation);
      checkMemory(plan, invocation);
      await checkTime(plan, invocation);
      await runSeeds(experiment, invocation, plan, device);
    } finally {
      endWatch();
      await device.close();
    }
  });
}

async function runSeeds<Schema extends z.ZodType, Prepared>(
  experiment: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
  plan: readonly PlannedCell[],
  device: Device,
): Promise<void> {
  const { config, seeds, runsFolder } = invocation;
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 100) / 10;
  // The first seed's data is loaded before anything is written or served.
  let prepared: Prepared | undefined = await experiment.prepare(config, seeds[0]!);
  const terminal = terminalView();
  let server: ServerWorker | undefined;
  const views: RunView[] = [];
  try {
    if (invocation.serve) {
      const port = invocation.port ?? PORT;
      server = await startServerWorker({ runsFolder, port });
      const remark = takenPortText(port, server.port);
      if (remark !== undefined) terminal.print(remark);
    }
    for (const seed of seeds) {
      prepared ??= await experiment.prepare(config, seed);
      const view = await runOne(experiment, invocation, { seed, plan, device, prepared, server, terminal });
      views.push(view);
      prepared = undefined;
    }
    if (server !== undefined && Deno.stdin.isTerminal() && Deno.stdout.isTerminal()) {
      await keepPageOpen(server, terminal.print, stopSignal());
    }
  } finally {
    terminal.close();
    await server?.close();
  }
  if (invocation.serve) terminal.print(`See it again with: deno task serve${runsOption(invocation)}`);
  const { tables } = experiment;
  const outcome = seeds.length === 1
    ? jsonOf(views[0]!, tables)
    : await overSeeds(invocation, views, tables, terminal.print);
  if (invocation.json) console.log(JSON.stringify({ ...outcome, seconds: seconds() }));
  // For `> results.txt`; on a terminal the table has been shown.
  else if (!Deno.stdout.isTerminal()) {
    for (const view of views) for (const table of resultTables(view, tables)) console.log(formatTable(table));
  }
}

interface OneRun<Prepared> {
  readonly seed: number;
  readonly plan: readonly PlannedCell[];
  readonly device: Device;
  readonly prepared: Prepared;
  readonly server: ServerWorker | undefined;
  readonly terminal: ReturnType<typeof terminalView>;
}

async function runOne<Schema extends z.ZodType, Prepared>(
  { definition, body, tables = [] }: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
  { seed, plan, device, prepared, server, terminal }: OneRun<Prepared>,
): Promise<RunView> {
  const { config, runsFolder, preset, fresh } = invocation;
  const title = invocation.name ?? definition.title;
  const { name, description, numerics, threads } = device;
  const wanted = { experiment: definition.name, backend: device.name, seed, title, config };
  const continues = await runToContinue(invocation, wanted);
  const told = new Set<string>();
  const show: RunListener = (event) => {
    // What every measuring cell warns of alike is read once.
    if (event.kind === "note" && event.level === "warning" && event.alert === undefined) {
      if (told.has(event.text)) return;
      told.add(event.text);
    }
    if (event.kind !== "table" || TERMINAL_TABLES.has(event.table.name) || tables.includes(event.table.name)) {
      terminal.onEvent(event);
    }
  };
  let endTee = () => {};
  let open: Run | undefined;
  const alarms = openAlarms({ folder: runsFolder, title, run: () => open, webhook: invocation.webhook });
  const { run } = await withRun({
    ...(continues === undefined ? { id: invocation.id } : { continues }),
    mayChange: definition.mayChange ?? {},
    fresh,
    runsFolder,
    experiment: definition.name,
    title,
    preset,
    seed,
    device: description,
    backend: device.name,
    config,
    plan: plan.map(({ cell, title }) => ({ cell, title })),
    command: taskOf(invocation.command),
    signal: stopSignal(),
    failure: device.failure,
    onEvent: [show, alarms.onEvent],
    onPast: terminal.onPast,
  }, async (run) => {
    open = run;
    endTee = teeConsole(run.folder);
    const made = { sources: invocation.origins, configFile: invocation.configFile };
    await captureProvenance(run.folder, { ...made, device: { name, description, numerics, threads } }).catch((error) =>
      run.note(`Provenance could not be kept: ${error.message}`, "warning")
    );
    if (server !== undefined) {
      const url = `${server.url}runs/${run.id}`;
      terminal.print(`Watch it at ${url}`);
      await writeTextAtomically(join(run.folder, "server.json"), JSON.stringify({ url, pid: Deno.pid }));
    }
    const results = await body({ run, config, seed, device, prepared });
    const view = (await readRun(runsFolder, run.id))!;
    // The page links to the report as soon as the run ends, so it is written just before.
    await writeReport(run.folder, { ...view, status: "done", results, seconds: run.seconds() });
    return results;
  }).finally(async () => {
    await alarms.close();
    endTee();
  });
  terminal.print(`Report: ${join(run.folder, "report.html")}`);
  return (await readRun(runsFolder, run.id))!;
}

/** The run that the command goes on with, unless it means a new one. */
async function runToContinue<Config>(
  { id, name, fresh, runsFolder }: RunInvocation<Config>,
  wanted: Wanted,
): Promise<string | undefined> {
  if (fresh) return undefined;
  if (id === undefined) return await unfinishedRun(runsFolder, wanted, name !== undefined);
  return await runFolder(runsFolder, id) === undefined ? undefined : id;
}

/** What a run came to, as tables. */
function resultTables({ results, cells }: RunView, names: readonly string[] | undefined): Table[] {
  if (names === undefined) return [resultsTable(results!)];
  return cells.flatMap(({ tables }) => tables).filter(({ name }) => names.includes(name));
}

/** The JSON line of one run: its tables, or its methods and, of a study, the directions. */
function jsonOf(view: RunView, names: readonly string[] | undefined) {
  const { id, preset, seed, device, results, cells } = view;
  if (names !== undefined) {
    const tables = Object.fromEntries(resultTables(view, names).map(({ name, rows }) => [name, rows]));
    return { run: id, preset, seed, device, tables };
  }
  const methods = Object.fromEntries(
    Object.entries(results!.methods).map(([name, { bpb, tasks }]) => [
      name,
      { bpb, tasks: Object.fromEntries(Object.entries(tasks).map(([task, { value }]) => [task, value])) },
    ]),
  );
  const directions = cells.flatMap(({ tables }) => tables).find(({ name }) => name === "directions")?.rows;
  return { run: id, preset, seed, device, methods, ...(directions === undefined ? {} : { directions }) };
}

/** The table over seeds, its report, and its JSON. */
async function overSeeds<Config>(
  invocation: RunInvocation<Config>,
  views: readonly RunView[],
  tables: readonly string[] | undefined,
  print: (text: string) => void,
) {
  const { preset, seeds, runsFolder, config, origins } = invocation;
  const json = { preset, seeds, device: views[0]!.device, runs: views.map((view) => jsonOf(view, tables)) };
  if (tables !== undefined) return json;
  const { experiment } = views[0]!;
  const folder = seedsReportFolder(runsFolder, { experiment, preset, seeds, config, origins });
  await writeSeedsReport(folder, views, shellLine(taskOf(invocation.command)));
  print(`\n${formatTable(seedsTable(views))}\n\nReport over seeds: ${join(folder, "report.html")}`);
  return json;
}

/** The command that repeats this process's run. */
function taskOf(command: readonly string[]): string[] {
  return repeatCommand(relative(repositoryRoot, fileURLToPath(Deno.mainModule)).replaceAll(SEPARATOR, "/"), command);
}

function runsOption<Config>({ runsFolder }: RunInvocation<Config>): string {
  return runsFolder === "runs" ? "" : ` --runs ${runsFolder}`;
}
