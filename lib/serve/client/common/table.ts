// The texts of tables: numbers with the digits of their column, and the best value of a column.
import type { Column, Table } from "../../../run/mod.ts";
import { decimalsFor } from "../../../run/view/mod.ts";
import { fixed, measured } from "./format.ts";

/** A row of a table. */
type Row = Table["rows"][number];

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

/** A cell as text: a number with the column's digits, a missing value as a dash. */
export function cellText(column: Column, row: Row): string {
  const value = row[column.key];
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return column.digits === undefined ? measured(value) : fixed(value, decimalsFor(value, column.digits));
}
