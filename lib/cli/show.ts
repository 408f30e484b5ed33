// `deno task show <run>`: one run with its cells, results and tables, and the paths of its files and its report.
import { join } from "node:path";
import { Command } from "commander";
import {
  CAPTURED_FOLDER,
  type CellView,
  codeText,
  defaultRunsFolder,
  endReason,
  formatSeconds,
  formatTable,
  isUnderWay,
  jsonLine,
  leftOutLines,
  linkTo,
  machineText,
  markedSettings,
  parseWithCommander,
  printable,
  printableLines,
  type Provenance,
  readLabels,
  readPageAddress,
  readProvenance,
  resultsTable,
  type RunView,
  shellLine,
  shownStatus,
  SOURCE_NAMES,
  type Table,
  textColumn,
} from "../run/mod.ts";
import { labelLines } from "./label.ts";
import { namedRun, type Print, terminalWidth } from "./command.ts";

/** Tables that are long, or detail what others summarize. */
const LONG_TABLES = new Set(["data", "gates", "comparisons"]);
/** Longest text of a cell's summary. */
const SUMMARY_WIDTH = 80;

/** Shows one run as text, or its whole view as JSON with `--json`. */
export async function showCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("show").description("Shows a run: cells, results, tables, files, report.")
    .argument("[run]", "id or name of the run, the start of an id, or last", "last")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--tables", "show all tables, including long ones")
    .option("--json", "write the run as one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const view = await namedRun(folder, parsed.positional[0] ?? "last");
  const { id } = view;
  const labels = await readLabels(join(folder, id));
  const captured = await readProvenance(join(folder, id));
  if (parsed.options.json) return print(jsonLine({ ...view, labels, captured }));
  const all = parsed.options.tables === true;
  const last = captured.at(-1);
  const lines = last === undefined ? [] : provenanceLines(view, last, join(folder, id), all);
  print(
    await describeRun({ ...view, title: labels.name ?? view.title }, [...lines, ...labelLines(labels)], folder, all),
  );
}

/** A run as text; `all` shows every table, and summaries in full. */
async function describeRun(view: RunView, lines: readonly string[], runsFolder: string, all: boolean): Promise<string> {
  const took = view.seconds === null ? "" : ` after ${formatSeconds(view.seconds)}`;
  const report = join(runsFolder, view.id, "report.html");
  const hasReport = await Deno.stat(report).then(({ isFile }) => isFile, () => false);
  const tables = tablesOf(view);
  const shown = all ? tables : tables.filter(({ name }) => !LONG_TABLES.has(name));
  const left = tables.filter((table) => !shown.includes(table)).map(({ name }) => name);
  return [
    `${printable(view.title)} (${view.id})`,
    printable(
      [
        `${view.status}${took}`,
        `preset ${view.preset || "unknown"}`,
        `seed ${view.seed ?? "unknown"}`,
        view.device || "device unknown",
        `started ${view.startedAt}`,
      ].join(" · "),
    ),
    ...(view.command.length === 0 ? [] : [`command: ${shellLine(view.command)}`]),
    ...lines,
    ...endingLines(view),
    ...view.notes.map(({ level, text }) => `${level}: ${printable(text)}`),
    "",
    formatTable(cellsTable(view, all ? Infinity : SUMMARY_WIDTH)),
    ...remarks(view),
    ...shown.map((table) => `\n${formatTable(table, terminalWidth())}`),
    ...filesLines(view, runsFolder),
    ...await pageLines(view, join(runsFolder, view.id)),
    ...(hasReport ? [`\nreport: ${report}`] : []),
    ...(left.length === 0 ? [] : [`\n--tables also shows: ${left.map(printable).join(", ")}`]),
  ].join("\n");
}

/** The link to the page of a run that is under way. */
async function pageLines(view: RunView, folder: string): Promise<string[]> {
  const address = isUnderWay(view) ? await readPageAddress(folder) : undefined;
  return address === undefined ? [] : [`\npage: ${printable(linkTo(address.url, address.token))}`];
}

/** The run's provenance: code, machine, and changed settings; with `all`, those of the preset, too. */
function provenanceLines(view: RunView, provenance: Provenance, folder: string, all: boolean): string[] {
  const settings = markedSettings(view.config, provenance.sources)
    .filter(({ source }) => source !== "default" && (all || source !== "preset"))
    .map(({ key, value, source }) => `  ${key}=${JSON.stringify(value)} (${SOURCE_NAMES[source]})`);
  const kept = [
    provenance.git?.diff.file,
    provenance.git?.untracked?.file,
    provenance.scriptFile,
    provenance.lock?.file,
  ].filter((file) => typeof file === "string");
  const files = kept.map((file) => join(folder, CAPTURED_FOLDER, file));
  return [
    `code: ${printable(codeText(provenance))}${files.length === 0 ? "" : ` · ${files.map(printable).join(", ")}`}`,
    ...(all && provenance.git?.untracked
      ? leftOutLines(provenance.git.untracked).map((text) => `  left out: ${printable(text)}`)
      : []),
    `machine: ${printable(machineText(provenance))}`,
    ...(settings.length === 0 ? [] : ["settings:", ...settings.map(printable)]),
  ];
}

function endingLines(view: RunView): string[] {
  const text = endReason(view);
  if (text === null) return [];
  return [(view.status === "stopped" ? "" : "error: ") + printableLines(text)];
}

/** All tables, results first; a cell may have logged the results under the same name. */
function tablesOf({ results, cells }: RunView): Table[] {
  const logged = cells.flatMap(({ tables }) => tables);
  if (results === null || Object.keys(results.methods).length === 0) return logged;
  const own = resultsTable(results);
  return [own, ...logged.filter(({ name }) => name !== own.name)];
}

/** Warnings and errors of cells, without repetitions. */
function remarks({ cells }: RunView): string[] {
  const lines = cells.flatMap(({ notes }) =>
    notes.filter(({ level }) => level !== "info").map(({ level, text }) => `${level}: ${printable(text)}`)
  );
  return [...new Set(lines)];
}

/** The folder of every cell with files, relative to the working directory. */
function filesLines({ cells }: RunView, runsFolder: string): string[] {
  const rows = cells.flatMap((cell) => {
    const folder = folderOf(cell);
    return folder === undefined ? [] : [{ cell: cell.name, folder: join(runsFolder, folder) }];
  });
  if (rows.length === 0) return [];
  const columns = [textColumn("cell"), textColumn("folder")];
  return [`\n${formatTable({ name: "files", title: "Files", columns, rows })}`];
}

/** Folder of a cell's files below the runs folder: the path of a file without its name, which may contain slashes. */
function folderOf({ artifacts }: CellView): string | undefined {
  const file = artifacts.find(({ path, name }) => path.endsWith(`/${name}`));
  return file?.path.slice(0, -file.name.length - 1);
}

function cellsTable(view: RunView, width: number): Table {
  return {
    name: "cells",
    title: "Cells",
    columns: [textColumn("name", "cell"), textColumn("status"), textColumn("took"), textColumn("summary")],
    rows: view.cells.map((cell) => {
      const { name, seconds, summary } = cell;
      return {
        name,
        status: shownStatus(cell, view),
        took: seconds === null ? null : formatSeconds(seconds),
        summary: summary.length > width ? `${summary.slice(0, width - 1).trimEnd()}…` : summary,
      };
    }),
  };
}
