// `deno task query` and `deno task reindex`: asking the index over all runs, and building it anew.
import { Command } from "commander";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  formatTable,
  parseWithCommander,
  type QueryRows,
  queryRuns,
  readInteger,
  withIndex,
} from "../run/mod.ts";

/** Prints the rows that a query gives, as a table or as JSON. */
export async function queryCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("query").description(
    "Asks the index over all runs in SQL; docs/runs.md lists its tables.",
  )
    .requiredOption("--sql <text>", "one statement that reads, such as: select id, status from runs")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--timeout <seconds>", "give up after this long", "10")
    .option("--limit <rows>", "rows at most", "100000")
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
      throw new UserError("query.limit", `The query gives more than ${limit} rows`, "narrow it, or raise --limit");
    }
    return print(JSON.stringify(answer.rows));
  }
  print(asTable(answer));
}

function asTable({ columns, rows, more }: QueryRows): string {
  const text = (value: unknown) =>
    typeof value === "string" || typeof value === "number" || value === null ? value : String(value);
  const table = formatTable({
    name: "query",
    title: more ? `The first ${rows.length} rows; there are more` : `${rows.length} row${rows.length === 1 ? "" : "s"}`,
    columns: columns.map((key) => ({
      key,
      title: key,
      kind: rows.some((row) => typeof row[key] === "number") ? "number" as const : "text" as const,
    })),
    rows: rows.map((row) => Object.fromEntries(columns.map((key) => [key, text(row[key])]))),
  });
  return table;
}

/** Builds the index anew from the logs and says what it holds. */
export async function reindexCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<void> {
  const command = new Command("reindex").description("Builds the index over all runs anew from their logs.")
    .option("--runs <folder>", "where runs live", defaultRunsFolder())
    .option("--json", "write one JSON object");
  const parsed = parseWithCommander(command, args);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const began = performance.now();
  const built = await withIndex(String(parsed.options.runs), (update) => update, { rebuild: true });
  const seconds = (performance.now() - began) / 1000;
  const { path, runs, events } = built;
  if (parsed.options.json) return print(JSON.stringify({ path, runs, events, seconds }));
  print(`${path}: ${runs} runs, ${events} events in ${seconds.toFixed(2)} s`);
}
