// A run as CSV files in long form: one line per value, so that any program can filter and pivot them.
import type { KnownRun, RunFile } from "./exported-run.ts";
import { markedSettings, type RunView, SOURCE_NAMES } from "../../run/mod.ts";

type Value = string | number | null;

/** Metrics, results, tables, cells and settings, one file each; the first column of each is the run's id. */
export function csvFiles({ view, provenance }: KnownRun): RunFile[] {
  const { id } = view;
  const file = (name: string, columns: readonly string[], rows: Iterable<readonly Value[]>): RunFile => ({
    name: `${name}.csv`,
    content: csv(["run", ...columns], rows, id),
  });
  const last = provenance.at(-1);
  return [
    file("metrics", ["cell", "step", "time", "metric", "value"], metricRows(view)),
    file(
      "results",
      ["method", "measure", "group", "value", "low", "high", "samples", "better", "device"],
      resultRows(view),
    ),
    file("tables", ["cell", "table", "row", "column", "value"], tableRows(view)),
    file("cells", ["cell", "title", "status", "key", "started", "seconds", "steps", "summary"], cellRows(view)),
    file(
      "settings",
      ["setting", "value", "from"],
      markedSettings(view.config, last?.sources ?? {}).map(({ key, value, source }) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value) ?? "",
        last === undefined ? null : SOURCE_NAMES[source],
      ]),
    ),
  ];
}

/** Points that the log holds as null were NaN or infinite; it does not say which. */
function* metricRows({ cells }: RunView): Generator<Value[]> {
  for (const { name, metrics } of cells) {
    for (const { step, time, values } of metrics) {
      for (const [metric, value] of Object.entries(values)) yield [name, step, time, metric, value ?? NaN];
    }
  }
}

function* resultRows({ results }: RunView): Generator<Value[]> {
  for (const [method, measurements] of Object.entries(results?.methods ?? {})) {
    for (const { name, group, value, interval, samples, better, device } of measurements) {
      yield [method, name, group, value, interval?.[0] ?? null, interval?.[1] ?? null, samples, better, device ?? null];
    }
  }
}

function* tableRows({ cells }: RunView): Generator<Value[]> {
  for (const { name, tables } of cells) {
    for (const table of tables) {
      for (const [at, row] of table.rows.entries()) {
        for (const { key } of table.columns) {
          yield [name, table.name, at + 1, key, Object.hasOwn(row, key) ? row[key]! : null];
        }
      }
    }
  }
}

function* cellRows({ cells }: RunView): Generator<Value[]> {
  for (const { name, title, status, cellKey, startedAt, seconds, steps, summary } of cells) {
    yield [name, title, status, cellKey, startedAt, seconds, steps, summary];
  }
}

/** Lines of RFC 4180; the first value of each row is the run's id. */
function* csv(columns: readonly string[], rows: Iterable<readonly Value[]>, run: string): Generator<string> {
  yield line(columns);
  for (const row of rows) yield line([run, ...row]);
}

const line = (values: readonly Value[]): string => `${values.map(field).join(",")}\r\n`;

/** Missing values are empty; numbers have all their digits. */
function field(value: Value): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
