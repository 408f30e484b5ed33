// `deno task query --sql "…"`: queries the index of all runs in SQL.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  formatTable,
  jsonLine,
  numberColumn,
  parseWithCommander,
  type QueryRows,
  queryRuns,
  readInteger,
  textColumn,
} from "../run/mod.ts";
import type { Print } from "./command.ts";

/** Prints the rows of a query as a table or as JSON. */
export async function queryCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const command = new Command("query").description(
    "Queries the index of all runs in SQL; docs/runs.md describes its tables.",
  )
    .requiredOption("--sql <text>", "one statement that only reads, such as: select id, status from runs")
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--timeout <seconds>", "give up after this long", "10")
    .option("--limit <rows>", "maximum number of rows", "100000")
    .option("--json", "write one JSON array of objects");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const { sql, runs, timeout, limit, json } = parsed.options;
  const answer = await queryRuns(String(runs), String(sql), {
    seconds: readInteger("--timeout", String(timeout), 1, 3600),
    limit: readInteger("--limit", String(limit), 1, 10_000_000),
  });
  if (json) {
    if (answer.more) {
      throw new UserError("query.limit", `The query returns more than ${limit} rows`, "narrow it, or raise --limit");
    }
    return print(jsonLine(answer.rows));
  }
  print(asTable(answer));
}

function asTable({ columns, rows, more }: QueryRows): string {
  const text = (value: unknown) =>
    typeof value === "string" || typeof value === "number" || value === null ? value : String(value);
  return formatTable({
    name: "query",
    title: more ? `The first ${rows.length} rows; there are more` : `${rows.length} row${rows.length === 1 ? "" : "s"}`,
    columns: columns.map((key) => {
      return rows.some((row) => ["number", "bigint"].includes(typeof row[key])) ? numberColumn(key) : textColumn(key);
    }),
    rows: rows.map((row) => Object.fromEntries(columns.map((key) => [key, text(row[key])]))),
  });
}
