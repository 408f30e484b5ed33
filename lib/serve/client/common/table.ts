// Tables: numbers aligned, and the best value of a column marked if the column says which direction is better.
import type { Column, Table } from "../../../run/mod.ts";
import { decimalsFor } from "../../../run/view/mod.ts";
import { h } from "./dom.ts";
import { fixed, measured } from "./format.ts";

/** A row of a table. */
type Row = Table["rows"][number];

/** A table with its title, in a box that scrolls sideways if needed; `text` formats a cell. */
export function tableElement({ title, columns, rows }: Table, text = cellText): HTMLElement {
  const best = new Map(columns.map((column) => [column.key, bestOf(column, rows)]));
  const cell = (column: Column, row: Row, i: number) => {
    const isBest = typeof row[column.key] === "number" && cellText(column, row) === best.get(column.key);
    const hidden = isBest && h("span", { class: "visually-hidden" }, " (best)");
    return h(
      i === 0 ? "th" : "td",
      { class: cellClass(column, isBest), scope: i === 0 && "row" },
      text(column, row),
      hidden,
    );
  };
  return h(
    "div",
    { class: "table-box", role: "region", "aria-label": title, tabindex: 0 },
    h(
      "table",
      {},
      h("caption", {}, title),
      h("thead", {}, h("tr", {}, columns.map(heading))),
      h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column, i) => cell(column, row, i))))),
    ),
  );
}

/** The best value of a column, as text; undefined if it has no direction or all values look the same. */
export function bestOf(column: Column, rows: readonly Row[]): string | undefined {
  const known = rows.filter((row) => typeof row[column.key] === "number");
  const rounded = (row: Row) =>
    column.digits === undefined ? cellText(column, row) : Number(row[column.key]).toFixed(column.digits);
  if (column.better === undefined || new Set(known.map(rounded)).size < 2) return undefined;
  const sign = column.better === "lower" ? 1 : -1;
  const better = (a: Row, b: Row) => sign * (Number(a[column.key]) - Number(b[column.key])) <= 0 ? a : b;
  return cellText(column, known.reduce(better));
}

function heading(column: Column): HTMLElement {
  const arrow = column.better === "lower" ? " ↓" : column.better === "higher" ? " ↑" : "";
  return h(
    "th",
    { scope: "col", class: cellClass(column, false), title: arrow === "" ? null : `${column.better} is better` },
    column.title,
    arrow !== "" && h("span", { class: "arrow", "aria-hidden": "true" }, arrow),
  );
}

function cellClass(column: Column, best: boolean): string {
  return [column.kind === "number" ? "number" : "text", best ? "best" : ""].join(" ").trim();
}

/** A cell as text: a number with the column's digits, a missing value as a dash. */
export function cellText(column: Column, row: Row): string {
  const value = row[column.key];
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return column.digits === undefined ? measured(value) : fixed(value, decimalsFor(value, column.digits));
}
