// What a run or several seeds of it came to: tables for the terminal, the JSON line, the report over seeds.
import { join } from "node:path";
import { seedsTable, writeSeedsReport } from "../report/mod.ts";
import {
  formatTable,
  resultsTable,
  type RunInvocation,
  type RunView,
  shellLine,
  type Table,
  type TerminalView,
} from "../run/mod.ts";
import { seedsReportFolder } from "./repeat.ts";

/**
 * A run's results as tables.
 *
 * @param names the tables that are the experiment's result; undefined: the table of its methods
 */
export function resultTables({ results, cells }: RunView, names: readonly string[] | undefined): Table[] {
  if (names === undefined) return [resultsTable(results!)];
  return cells.flatMap(({ tables }) => tables).filter(({ name }) => names.includes(name));
}

/** The JSON line of one run: its tables, or its measures, the measurements of its methods and, for a study, the directions. */
export function runJson(view: RunView, names: readonly string[] | undefined) {
  const { id, preset, seed, device, results, cells } = view;
  if (names !== undefined) {
    const tables = Object.fromEntries(resultTables(view, names).map(({ name, rows }) => [name, rows]));
    return { run: id, preset, seed, device, tables };
  }
  const directions = cells.flatMap(({ tables }) => tables).find(({ name }) => name === "directions")?.rows;
  const { measures, methods } = results!;
  return { run: id, preset, seed, device, measures, methods, ...(directions === undefined ? {} : { directions }) };
}

/**
 * The JSON line of several seeds; writes the report over them, unless the experiment's result is tables of its own.
 *
 * @param command the command that repeats the runs
 */
export async function seedsOutcome<Config>(
  { preset, seeds, runsFolder, config, origins }: RunInvocation<Config>,
  views: readonly RunView[],
  tables: readonly string[] | undefined,
  command: readonly string[],
  terminal: Pick<TerminalView, "print" | "width">,
) {
  const json = { preset, seeds, device: views[0]!.device, runs: views.map((view) => runJson(view, tables)) };
  if (tables !== undefined) return json;
  const { experiment } = views[0]!;
  const folder = seedsReportFolder(runsFolder, { experiment, preset, seeds, config, origins });
  await writeSeedsReport(folder, views, shellLine(command));
  terminal.print(
    `\n${formatTable(seedsTable(views), terminal.width())}\n\nReport over seeds: ${join(folder, "report.html")}`,
  );
  return json;
}
