// Tables as aligned text, for the terminal. Pure: the browser loads this file.
import type { Column, Table } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";
import { decimalsFor } from "./decimals.ts";
import { HEADLINE, measurementOf, shownValue, summaryColumns, summaryHeading } from "./measures.ts";
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
 *
 * @param width of the terminal: columns that do not fit follow below the others, beside the first column again
 */
export function formatTable(table: Table, width = Infinity): string {
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
    return { width, title: pad(title, width), rule: "─".repeat(width), cells: cells.map((cell) => pad(cell, width)) };
  });
  const line = (parts: string[]) => parts.join(GAP).trimEnd();
  const blocks = sideBySide(columns, width).map((block) =>
    [
      line(block.map(({ title }) => title)),
      line(block.map(({ rule }) => rule)),
      ...table.rows.map((_, i) => line(block.map(({ cells }) => cells[i]!))),
    ].join("\n")
  );
  return [printable(table.title), blocks.join("\n\n"), ...(marked ? ["* best"] : [])].join("\n");
}

/** Between two columns. */
const GAP = "  ";

/** The columns in as few blocks as fit `width`, each with the first column and at least one other. */
function sideBySide<C extends { readonly width: number }>(columns: readonly C[], width: number): C[][] {
  const [first, ...others] = columns;
  if (first === undefined) return [[]];
  const blocks: C[][] = [[first]];
  let left = width - first.width;
  for (const column of others) {
    const needed = GAP.length + column.width;
    if (needed > left && blocks.at(-1)!.length > 1) {
      blocks.push([first]);
      left = width - first.width;
    }
    blocks.at(-1)!.push(column);
    left -= needed;
  }
  return blocks;
}

/**
 * The results of a run as one table, one row per method: the headline's measure on every domain, and every other measure
 * by its mean over domains or its only value. Fractions are in percent.
 */
export function resultsTable(results: RunResults): Table {
  return {
    name: "results",
    title: resultsTitle(results),
    columns: [{ key: "method", title: "method", kind: "text" }, ...resultColumns(results)],
    rows: Object.keys(results.methods).map((method) => ({ method, ...resultRow(results, method) })),
  };
}

/** What a table of results is about. */
export function resultsTitle(...all: readonly RunResults[]): string {
  const hasHeadline = summaryColumns(...all).some(({ name }) => name === HEADLINE.name);
  return hasHeadline ? "Held-out bits per byte by domain, and other measures" : "Measures";
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

/** What a reader sees as characters. */
const CHARACTERS = new Intl.Segmenter();

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Terminal columns of a text: wide East Asian characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const { segment } of CHARACTERS.segment(text)) {
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

/** The longest start of the text that takes at most this width of the terminal. */
export function cutToWidth(text: string, width: number): string {
  let start = "";
  let left = width;
  for (const { segment } of CHARACTERS.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    start += segment;
  }
  return start;
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** The text, with spaces after it up to this width of the terminal. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}
