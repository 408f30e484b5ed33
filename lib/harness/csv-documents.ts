// Documents from CSV, with the types that pandas gives to columns: `datasets` reads CSV for the harness by it.
import type { CsvTable } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { PythonFloat } from "./python-values.ts";
import type { Fields } from "./template.ts";

/** Cells without a value: pandas' `STR_NA_VALUES`. */
const MISSING: ReadonlySet<string> = new Set([
  ...["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"],
  ...["NULL", "NaN", "None", "n/a", "nan", "null"],
]);
const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ...["True", "TRUE", "true"].map((text) => [text, true] as const),
  ...["False", "FALSE", "false"].map((text) => [text, false] as const),
]);
const INTEGER = /^\s*[+-]?\d+\s*$/;
const NUMBER = /^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)\s*$/i;

/**
 * The documents of a table: integers, floats, truth values or texts, one type to a column; null where a cell has no value.
 *
 * @param path for messages
 * @throws UserError `harness.data` for two columns of one name
 */
export function csvDocuments(
  { columns, rows }: CsvTable,
  path: string,
): { readonly fields: Fields; readonly place: string }[] {
  const twice = columns.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UserError("harness.data", `${path}: two columns are called "${twice}"`, "rename one of them");
  }
  const readers = columns.map((_, column) => readerOf(rows.map(({ cells }) => cells[column]!)));
  return rows.map(({ cells, place }) => ({
    place,
    fields: Object.fromEntries(
      columns.map((name, i) => [name, MISSING.has(cells[i]!) ? null : readers[i]!(cells[i]!)]),
    ),
  }));
}

function readerOf(cells: readonly string[]): (cell: string) => unknown {
  const given = cells.filter((cell) => !MISSING.has(cell));
  if (given.every((cell) => TRUTHS.has(cell))) return (cell) => TRUTHS.get(cell);
  // Integers with a gap are floats.
  const whole = given.length === cells.length && given.every((cell) => INTEGER.test(cell));
  if (whole && given.every((cell) => Number.isSafeInteger(Number(cell)))) return Number;
  if (!whole && given.every((cell) => NUMBER.test(cell))) return (cell) => new PythonFloat(numberOf(cell));
  return (cell) => cell;
}

function numberOf(cell: string): number {
  if (!/inf/i.test(cell)) return Number(cell);
  return cell.trim().startsWith("-") ? -Infinity : Infinity;
}
