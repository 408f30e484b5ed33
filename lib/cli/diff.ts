// `deno task diff <a> <b>`: compares two runs.
import { join } from "node:path";
import { Command } from "commander";
import {
  CAPTURED_FOLDER,
  defaultRunsFolder,
  type Difference,
  diffRuns,
  formatTable,
  jsonLine,
  numberColumn,
  parseWithCommander,
  printableLines,
  type Provenance,
  readProvenance,
  type RunDiff,
  shellLine,
  textColumn,
} from "../run/mod.ts";
import { namedRun, type Print } from "./command.ts";

/** Prints the differences between two runs, and their results side by side. */
export async function diffCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("diff").description(
    "Shows the differences between two runs, and their results side by side.",
  )
    .argument("<a>", "id or name of a run, the start of an id, or last")
    .argument("<b>", "the other run, named likewise")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "write one JSON object: config, made, cells, results");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const folder = String(parsed.options.runs);
  const [a, b] = [await namedRun(folder, parsed.positional[0]!), await namedRun(folder, parsed.positional[1]!)];
  const [provenanceA, provenanceB] = [await lastProvenance(folder, a.id), await lastProvenance(folder, b.id)];
  const diff = diffRuns(a, b, [provenanceA, provenanceB]);
  if (parsed.options.json) return print(jsonLine(diff));
  const files = [[a.id, provenanceA], [b.id, provenanceB]] as const;
  const diffs = files.flatMap(([id, provenance]) =>
    [provenance?.git?.diff.file, provenance?.git?.untracked?.file].filter((file) => typeof file === "string")
      .map((file) => join(folder, id, CAPTURED_FOLDER, file))
  );
  const code = diff.made.some(({ key }) => key === "code" || key === "untracked") && diffs.length > 0
    ? `\n\nUncommitted code: ${diffs.join(", ")}`
    : "";
  const inBrowser = `\n\nIn a browser: ${
    shellLine(["deno", "task", "serve", ...(folder === defaultRunsFolder() ? [] : ["--runs", folder])])
  }, then /compare?run=${a.id}&run=${b.id}`;
  print(printableLines(asText(diff) + code + inBrowser));
}

async function lastProvenance(folder: string, id: string): Promise<Provenance | undefined> {
  return (await readProvenance(join(folder, id))).at(-1);
}

function asText({ a, b, config, made, cells, results }: RunDiff): string {
  const parts = [
    `a: ${a}\nb: ${b}`,
    differenceTable("Provenance", made),
    differenceTable("Configuration", config),
    differenceTable("Cells that differ", cells.map((cell) => ({ ...cell, ...shortKeys(cell) }))),
    results.length === 0 ? "Neither run has results" : resultTable(results),
  ];
  return parts.join("\n\n");
}

function differenceTable(title: string, rows: readonly Difference[]): string {
  if (rows.length === 0) return `${title}: no differences`;
  const text = (value: unknown) =>
    value === undefined ? null : typeof value === "string" ? value : JSON.stringify(value);
  return formatTable({
    name: "difference",
    title,
    columns: [textColumn("key", ""), textColumn("a"), textColumn("b")],
    rows: rows.map((row) => ({ key: row.key, a: text(row.a), b: text(row.b) })),
  });
}

function resultTable(results: RunDiff["results"]): string {
  return formatTable({
    name: "results",
    title: "Results",
    columns: [
      textColumn("key", ""),
      ...["a", "b", "b − a"].map((key) => numberColumn(key, key, 4)),
      ...(results.some(({ machineDependent }) => machineDependent) ? [textColumn("remark", "")] : []),
    ],
    rows: results.map(({ key, a, b, format, machineDependent }) => {
      const shown = (value: number | null) => value !== null && format === "count" ? String(value) : value;
      return {
        key,
        a: shown(a),
        b: shown(b),
        "b − a": shown(a === null || b === null ? null : b - a),
        remark: machineDependent ? "depends on the machine" : "",
      };
    }),
  });
}

/** The first digits of a cell's keys. */
function shortKeys({ a, b }: Difference): Partial<Difference> {
  const short = (key: unknown) => String(key).slice(0, 12);
  return { ...(a === undefined ? {} : { a: short(a) }), ...(b === undefined ? {} : { b: short(b) }) };
}
