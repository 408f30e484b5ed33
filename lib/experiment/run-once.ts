// One run of an experiment: its log, terminal, page, alerts, provenance and report around the experiment's cells.
import { join } from "node:path";
import type { z } from "zod";
import { driveCells, onKindDevices, readKindDevices } from "../engine/mod.ts";
import { writeReport } from "../report/mod.ts";
import {
  captureProvenance,
  type CellRunner,
  foldKeeper,
  linkTo,
  openAlarms,
  type PlannedCell,
  readRun,
  type Run,
  runFolder,
  type RunInvocation,
  type RunListener,
  type RunView,
  type Speed,
  stopSignal,
  teeConsole,
  type TerminalView,
  unfinishedRun,
  type Wanted,
  watchUsage,
  withRun,
  writePageAddress,
} from "../run/mod.ts";
import type { ServerWorker } from "../serve/mod.ts";
import type { Place } from "./elsewhere.ts";
import { engineFor } from "./engine-for.ts";
import type { Experiment } from "./experiment.ts";
import { thisScript } from "./repeat.ts";

/** Tables that the terminal shows besides the experiment's own results; the page and the report show all. */
const TERMINAL_TABLES: readonly string[] = ["results", "plan"];

/** What one run needs besides its experiment and the command line. */
export interface RunOnce<Prepared> {
  readonly rngSeed: number;
  readonly plan: readonly PlannedCell[];
  /** The device's speed, if it was measured. */
  readonly speed: Speed | undefined;
  readonly device: Place;
  readonly prepared: Prepared;
  readonly server: ServerWorker | undefined;
  readonly terminal: TerminalView;
  /** The command that repeats the run. */
  readonly command: readonly string[];
}

/** Runs the experiment once, as a new run or as the continuation of one that the command line means. */
export async function runOnce<Schema extends z.ZodType, Prepared>(
  { definition, body, conclude, remarks, tables = [] }: Experiment<Schema, Prepared>,
  invocation: RunInvocation<z.output<Schema>>,
  { rngSeed, plan, speed, device, prepared, server, terminal, command }: RunOnce<Prepared>,
): Promise<RunView> {
  const { config, runsFolder, preset, fresh } = invocation;
  const title = invocation.name ?? definition.title;
  const { name, description, numerics, threads } = device;
  // Settings that are new since have their defaults, and renamed ones their new names.
  const readConfig = (before: unknown) => {
    const read = definition.schema.safeParse(before);
    return read.success ? JSON.parse(JSON.stringify(read.data)) : before;
  };
  const wanted = {
    experiment: definition.name,
    backend: name,
    seed: rngSeed,
    title,
    config,
    script: thisScript(),
    readConfig,
  };
  const continues = await runToContinue(invocation, wanted);
  const before = continues === undefined || invocation.engine === "local"
    ? undefined
    : await readKindDevices(join(runsFolder, continues));
  let endTee = () => {};
  let endUsage = () => {};
  let open: Run | undefined;
  const alarms = openAlarms({ folder: runsFolder, title, run: () => open, webhook: invocation.webhook });
  const folds = foldKeeper(() => open?.folder);
  const { run } = await withRun({
    ...(continues === undefined ? { id: invocation.id } : { continues }),
    readConfig,
    mayChange: definition.mayChange ?? {},
    fresh,
    runsFolder,
    experiment: definition.name,
    title,
    preset,
    seed: rngSeed,
    device: description,
    backend: name,
    config,
    plan: plan.map(({ cell, title, needs, tokens, flops, layers }) => ({
      cell,
      title,
      needs: [...needs],
      work: { tokens, flops, layers },
    })),
    speed,
    command,
    signal: stopSignal(),
    failure: device.failure,
    onEvent: [terminalListener(terminal, [...TERMINAL_TABLES, ...tables]), alarms.onEvent, folds.onEvent],
    onPast: terminal.onPast,
    preview: (cells) => body({ run: onKindDevices(cells, before), config, rngSeed, device, prepared }),
  }, async (run) => {
    open = run;
    endTee = teeConsole(run.folder, { secret: server?.token });
    endUsage = await watchUsage(run.folder);
    if (device.warning !== undefined) run.note(device.warning, "warning");
    for (const text of remarks?.(prepared) ?? []) run.note(text);
    device.onFirstCompile(() => run.note("Compiling WebGPU kernels: first steps take longer"));
    const made = { sources: invocation.origins, configFile: invocation.configFile };
    const captured = threads === undefined ? null : { name, description, numerics, threads };
    await captureProvenance(run.folder, { ...made, device: captured })
      .catch((error) => run.note(`Provenance could not be kept: ${error.message}`, "warning"));
    if (server !== undefined) {
      const url = `${server.url}runs/${run.id}`;
      terminal.print(`Watch it at ${linkTo(url, server.token)}`);
      await writePageAddress(run.folder, { url, pid: Deno.pid, token: server.token });
    }
    const context = { rngSeed, device, plan, speed, print: terminal.print };
    const { engine, devices } = await engineFor(run, invocation, context);
    for (const [kind, { device, numerics }] of Object.entries(devices?.kinds ?? {})) {
      run.note(`Cells of the kind ${kind} compute on the device ${device}: ${numerics}`);
    }
    const cells = (run: CellRunner) => body({ run: onKindDevices(run, devices), config, rngSeed, device, prepared });
    if (engine !== undefined) await driveCells(run, engine, cells);
    const { value: results } = await cells(run);
    for (const text of await conclude?.({ config, rngSeed, prepared, preset }, results) ?? []) run.note(text);
    // Before the run ends, so that whoever reads it then has all samples.
    endUsage();
    const view = (await readRun(runsFolder, run.id))!;
    // The page links to the report as soon as the run ends, so it is written just before.
    await writeReport(run.folder, { ...view, status: "done", results, seconds: run.seconds() });
    return results;
  }).finally(async () => {
    await alarms.close();
    endTee();
    endUsage();
    await folds.close();
  });
  terminal.print(`Report: ${join(run.folder, "report.html")}`);
  return (await readRun(runsFolder, run.id))!;
}

/** The run that the command continues; undefined for a new one. */
async function runToContinue<Config>(
  { id, name, fresh, runsFolder }: RunInvocation<Config>,
  wanted: Wanted,
): Promise<string | undefined> {
  if (fresh) return undefined;
  if (id === undefined) return await unfinishedRun(runsFolder, wanted, name !== undefined);
  return await runFolder(runsFolder, id) === undefined ? undefined : id;
}

/** Shows events in the terminal: only some tables, and a warning that several cells repeat only once. */
function terminalListener(terminal: TerminalView, tables: readonly string[]): RunListener {
  const warned = new Set<string>();
  return (event) => {
    if (event.kind === "note" && event.level === "warning" && event.alert === undefined) {
      if (warned.has(event.text)) return;
      warned.add(event.text);
    }
    if (event.kind !== "table" || tables.includes(event.table.name)) terminal.onEvent(event);
  };
}
