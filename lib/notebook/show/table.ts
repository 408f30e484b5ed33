// Tables that show themselves: logged ones, and rows of any numbers and texts.
import { didYouMean, UserError } from "../../errors.ts";
import { gridHtml, gridOf, tableNamed } from "../../report/mod.ts";
import { formatTable, numberColumn, type RunView, type Table, textColumn } from "../../run/mod.ts";
import { type Displayable, displayingNow, type MediaBundle } from "../display.ts";

/** A row: a value for each column. */
export type Row = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Rows of a table, as an array that shows itself. */
export type Rows<R extends Row = Row> = readonly R[] & Displayable;

/** Within the output's own box only; a front end that drops it shows its usual tables. */
export const TABLE_STYLE =
  `<style>.stitchbook table{border-collapse:collapse;font-variant-numeric:tabular-nums}.stitchbook caption{
caption-side:top;text-align:left;opacity:.7;padding:.3em 0}.stitchbook th,.stitchbook td{text-align:left;padding:.2em .7em}
.stitchbook .n{text-align:right}.stitchbook small{display:block;opacity:.65}.stitchbook .wide{overflow-x:auto}</style>`;

/** Longer tables show this many rows at either end. */
const ENDS = 10;

/** Tables one below the other. */
export function tablesBundle(...tables: readonly Table[]): MediaBundle {
  return {
    "text/html": `<div class="stitchbook">${TABLE_STYLE}${
      tables.map((table) => gridHtml(gridOf(table))).join("\n")
    }</div>`,
    "text/plain": tables.map((table) => formatTable(table).trim()).join("\n\n"),
  };
}

/**
 * Rows as an array that shows itself as a table. A long one shows its first and last rows; the array has all of them.
 *
 * @param rows values that are undefined are shown as missing
 * @param title what the rows are
 */
export function rowsTable<R extends Row>(rows: readonly R[], title = ""): Rows<R> {
  return displayingNow([...rows], () => tablesBundle(tableOf(rows, title)));
}

/**
 * The rows of the last table of this name that a run logged, which show themselves as it was logged.
 *
 * @throws UserError `notebook.table` naming the tables that there are
 */
export function loggedTable(view: RunView, name: string): Rows {
  const table = tableNamed(view, name);
  if (table !== undefined) return displayingNow([...table.rows], () => tablesBundle(table));
  const names = [...new Set(view.cells.flatMap(({ tables }) => tables.map((one) => one.name)))];
  throw new UserError(
    "notebook.table",
    `The run ${view.id} has logged no table "${name}": ${
      names.length === 0 ? "it has logged none at all" : `it has ${names.join(", ")}`
    }`,
    didYouMean(name, names),
  );
}

/** Rows as a table, whose columns are the keys of all rows in order of appearance. */
function tableOf(rows: readonly Row[], title: string): Table {
  const left = rows.length - 2 * ENDS;
  const some = left > 1 ? [...rows.slice(0, ENDS), ...rows.slice(-ENDS)] : rows;
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const note = left > 1 ? `${rows.length} rows, ${left} of them between the first and the last ${ENDS} left out` : "";
  return {
    name: "rows",
    title: [title, note].filter((text) => text !== "").join("; "),
    columns: keys.map((key) => {
      const values = rows.map((row) => row[key] ?? null).filter((value) => value !== null);
      return values.length > 0 && values.every((value) => typeof value === "number")
        ? numberColumn(key, key, digitsOf(values))
        : textColumn(key);
    }),
    rows: some.map((row) => Object.fromEntries(keys.map((key) => [key, cellOf(row[key])]))),
  };
}

function cellOf(value: Row[string]): string | number | null {
  if (typeof value === "boolean") return String(value);
  // What is too small for a few decimals is written with an exponent.
  return typeof value === "number" && Math.abs(value) < SMALL ? Number(value.toPrecision(3)) : value ?? null;
}

/** Below this, the values of a column are written with an exponent. */
const SMALL = 1e-4;

/** Digits after the point with which the largest value has four significant ones; undefined if all are too small. */
function digitsOf(values: readonly number[]): number | undefined {
  if (values.every(Number.isInteger)) return 0;
  const largest = values.reduce((most, value) => Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most, 0);
  return largest < SMALL ? undefined : Math.min(8, Math.max(0, 3 - Math.floor(Math.log10(largest))));
}
