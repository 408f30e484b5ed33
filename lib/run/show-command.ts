// `deno task show <run>`: one run with its cells, tables, results and where its report lies.
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../errors.ts";
import { parseWithCommander } from "./commander.ts";
import type { Table } from "./events.ts";
import { formatTable, printable, resultsTable } from "./format-table.ts";
import { formatSeconds } from "./progress.ts";
import { readRun } from "./read.ts";
import { resolveRun } from "./resolve-run.ts";
import type { RunView } from "./view.ts";
import { defaultRunsFolder } from "./runs-folder.ts";

/** Shows one run as text, or its whole view as JSON with `--json`. */
export async function showCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("show").description("Shows a run: cells, tables, results, report.")
    .argument("[run]", "id of the run, the start of one, or last", "last")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write the run as one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const id = await resolveRun(folder, parsed.positional[0] ?? "last");
  const view = await readRun(folder, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is gone from ${folder}`);
  if (parsed.options.json) return print(JSON.stringify(view));
  print(await describeRun(view, folder));
}

/** A run as text. */
async function describeRun(view: RunView, runsFolder: string): Promise<string> {
  const took = view.seconds === null ? "" : ` after ${formatSeconds(view.seconds)}`;
  const report = join(runsFolder, view.id, "report.html");
  const hasReport = await Deno.stat(report).then(({ isFile }) => isFile, () => false);
  return [
    `${printable(view.title)} (${view.id})`,
    `${view.status}${took} · preset ${view.preset} · seed ${view.seed} · ${view.device} · started ${view.startedAt}`,
    `command: ${printable(view.command.join(" "))}`,
    ...(view.error === null ? [] : [`error: ${view.error.split("\n").map(printable).join("\n")}`]),
    ...view.notes.map(({ level, text }) => `${level}: ${printable(text)}`),
    "",
    formatTable(cellsTable(view)),
    ...view.cells.flatMap((cell) => cell.tables.map((table) => `\n${formatTable(table)}`)),
    ...(view.results === null || Object.keys(view.results.methods).length === 0
      ? []
      : [`\n${formatTable(resultsTable(view.results))}`]),
    ...(hasReport ? [`\nreport: ${report}`] : []),
  ].join("\n");
}

function cellsTable(view: RunView): Table {
  return {
    name: "cells",
    title: "Cells",
    columns: [
      { key: "name", title: "cell", kind: "text" },
      { key: "status", title: "status", kind: "text" },
      { key: "took", title: "took", kind: "text" },
      { key: "summary", title: "what came out", kind: "text" },
    ],
    rows: view.cells.map(({ name, status, seconds, summary, notes }) => ({
      name,
      status: status === "running" && view.status === "lost" ? "lost" : status,
      took: seconds === null ? null : formatSeconds(seconds),
      summary: [summary, ...notes.filter(({ level }) => level !== "info").map(({ text }) => text)].join(" "),
    })),
  };
}
