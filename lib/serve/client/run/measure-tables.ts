// The measures of a run as tables of methods. Pure.
import { methodLabel } from "../../../methods.ts";
import type { Column, Measurement, RunResults, Table } from "../../../run/mod.ts";
import {
  columnsByTable,
  directionText,
  type MeasureColumn,
  measureColumns,
  measurementOf,
  shownValue,
} from "../../../run/view/mod.ts";
import { compact } from "../common/format.ts";
import { cellText } from "../common/table.ts";

/**
 * The measures by method, one table for each of theirs. Beside single numbers are the ends of their 95 % intervals, as
 * `low:` and `high:` and the column's key; by domain there is no room for them.
 */
export function measureTables(results: RunResults): Table[] {
  return [...columnsByTable(measureColumns(results))].map(([title, columns]) => {
    const by = [directionText(columns), ...new Set(columns.flatMap(({ devices }) => devices))];
    const intervals = columns.some(({ group }) => group === "") ? " (95 % interval)" : "";
    return {
      name: columns[0]!.name,
      title: [`${title}${intervals}`, ...by].filter((part) => part !== undefined).join("; "),
      columns: [
        { key: "method", title: "Method", kind: "text" },
        ...columns.map((column): Column => ({
          key: column.key,
          title: column.format === "proportion" && column.samples !== null
            ? `${column.heading}, n ${column.samples}`
            : column.heading,
          kind: "number",
          ...(column.format === "count" ? {} : { digits: column.digits }),
          ...(column.better === null ? {} : { better: column.better }),
        })),
      ],
      rows: Object.entries(results.methods).map(([method, measured]) => ({
        method: methodLabel(method),
        ...Object.assign({}, ...columns.map((column) => cellsOf(measurementOf(measured, column), column))),
      })),
    };
  });
}

/** The number of a column and, for a single number, the ends of its interval. */
function cellsOf(one: Measurement | undefined, column: MeasureColumn): Record<string, string | number | null> {
  const { key, format, group } = column;
  if (one === undefined) return { [key]: null };
  if (format === "count") return { [key]: compact(one.value) };
  const value = { [key]: shownValue(one.value, column) };
  if (group !== "" || one.interval === null) return value;
  const [low, high] = one.interval.map((end) => shownValue(end, column));
  return { ...value, [`low:${key}`]: low!, [`high:${key}`]: high! };
}

/** A number with its interval, which has one digit less: `8.0 (4 to 12)`. */
export function textWithInterval(column: Column, row: Table["rows"][number]): string {
  const [low, high] = [row[`low:${column.key}`], row[`high:${column.key}`]];
  const text = cellText(column, row);
  if (typeof low !== "number" || typeof high !== "number") return text;
  const digits = Math.max(0, (column.digits ?? 0) - 1);
  return `${text} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
