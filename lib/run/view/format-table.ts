// Tables as aligned text, for the terminal. Pure: the browser loads this file.
import type { Column, Table } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";
import { decimalsFor } from "./decimals.ts";
import { measurementOf, shownValue, summaryColumns, summaryHeading } from "./measures.ts";
import { printable } from "./printable.ts";

/** A cell of a table as text: numbers with the column's digits, missing values as a dash. */
function formatValue(value: string | number | null | undefined, column: Column): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return printable(value);
  if (column.digits !== undefined) return value.toFixed(decimalsFor(value, column.digits));
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

/**
 * A table as aligned lines under its title. In a column with a better direction, the best value gets a `*`, and so do
 * values that look the same; if all values look the same, none is marked.
 */
export function formatTable(table: Table): string {
  let marked = false;
  const columns = table.columns.map((column) => {
    const best = bestOf(table, column);
    marked ||= best !== undefined;
    const cells = table.rows.map((row) => {
      const value = row[column.key];
      const text = formatValue(value, column);
      return best === undefined
        ? text
        : text + (typeof value === "number" && rounded(value, column) === best ? "*" : " ");
    });
    const title = printable(column.title) + (best === undefined ? "" : " ");
    const width = Math.max(widthOf(title), ...cells.map(widthOf));
    const pad = column.kind === "number" ? padStart : padEnd;
    return { title: pad(title, width), rule: "─".repeat(width), cells: cells.map((cell) => pad(cell, width)) };
  });
  const line = (parts: string[]) => parts.join("  ").trimEnd();
  return [
    printable(table.title),
    line(columns.map(({ title }) => title)),
    line(columns.map(({ rule }) => rule)),
    ...table.rows.map((_, i) => line(columns.map(({ cells }) => cells[i]!))),
    ...(marked ? ["* best"] : []),
  ].join("\n");
}

/**
 * The results of a run as one table, one row per method: the headline's measure on every domain, and every other measure
 * by its mean over domains or its only value. Fractions are in percent.
 */
export function resultsTable(results: RunResults): Table {
  return {
    name: "results",
    title: "Held-out bits per byte by domain, and other measures",
    columns: [{ key: "method", title: "method", kind: "text" }, ...resultColumns(results)],
    rows: Object.keys(results.methods).map((method) => ({ method, ...resultRow(results, method) })),
  };
}

/** The columns of measures in {@linkcode resultsTable}. */
export function resultColumns(results: RunResults): Column[] {
  return summaryColumns(results).map((column): Column => ({
    key: column.key,
    title: summaryHeading(column),
    kind: "number",
    digits: column.digits,
    ...(column.better === null ? {} : { better: column.better }),
  }));
}

/** The values of a method by the keys of {@linkcode resultColumns}. */
export function resultRow(results: RunResults, method: string): Record<string, number | null> {
  return Object.fromEntries(
    summaryColumns(results).map((column) => {
      const value = measurementOf(results.methods[method], column)?.value;
      return [column.key, value === undefined ? null : shownValue(value, column)];
    }),
  );
}

/** The best value of a column, rounded; undefined without a better direction, or with fewer than two different values. */
function bestOf(table: Table, column: Column): number | undefined {
  const values = table.rows.map((row) => row[column.key]).filter((value) => typeof value === "number")
    .map((value) => rounded(value, column));
  if (column.better === undefined || new Set(values).size < 2) return undefined;
  return column.better === "lower" ? Math.min(...values) : Math.max(...values);
}

/** The value that is compared: two that differ only in digits that are not shown are tied. */
const rounded = (value: number, { digits }: Column): number =>
  Number(digits === undefined ? value.toPrecision(4) : value.toFixed(digits));

/** Terminal columns of a text: wide East Asian characters take two, combining marks none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/.test(segment) ? 2 : 1;
  }
  return width;
}

function padStart(text: string, width: number): string {
  return " ".repeat(width - widthOf(text)) + text;
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(width - widthOf(text));
}
