// Making a table fit the terminal: texts are shortened and columns left out, the least important first.
import type { Table } from "../events/events.ts";
import { cutToWidth, formatTable, widthOf } from "./format-table.ts";

/** A column that may be cut to `least` columns of the terminal, or left out (0). */
export interface Spare {
  readonly key: string;
  readonly least: number;
}

/**
 * The table, cut only as far as its lines need to fit `width`.
 *
 * @param spares what may be cut, in this order; a key may come twice, first to be cut and later to be left out
 * @returns the table, and the titles of the columns that it lost
 */
export function fitTable(table: Table, width: number, spares: readonly Spare[]): { table: Table; lost: string[] } {
  const lost: string[] = [];
  let fitting = table;
  for (const { key, least } of spares) {
    const excess = widest(fitting) - width;
    if (excess <= 0) break;
    const column = fitting.columns.find((column) => column.key === key);
    if (column === undefined) continue;
    if (least === 0) {
      lost.push(column.title);
      fitting = { ...fitting, columns: fitting.columns.filter((other) => other !== column) };
    } else {
      const now = Math.max(...fitting.rows.map((row) => widthOf(String(row[key] ?? ""))));
      const most = Math.max(least, now - excess);
      fitting = { ...fitting, rows: fitting.rows.map((row) => ({ ...row, [key]: shorten(row[key] ?? null, most) })) };
    }
  }
  return { table: fitting, lost };
}

/** Terminal columns of a table's widest line; its title may be longer. */
function widest(table: Table): number {
  return Math.max(...formatTable(table).split("\n").slice(1).map(widthOf));
}

function shorten(value: string | number | null, most: number): string | number | null {
  if (typeof value !== "string" || widthOf(value) <= most) return value;
  return `${cutToWidth(value, most - 1).trimEnd()}…`;
}
