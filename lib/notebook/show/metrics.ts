// What a cell logged by step, as rows that show themselves.
import type { MetricPoint } from "../../run/mod.ts";
import { type Row, type Rows, rowsTable } from "./table.ts";

/** A point of a cell's metrics: the step, the seconds since the cell's first point, and each value by name. */
export type MetricRow = Row & { readonly step: number; readonly seconds: number };

/** The points of a cell as a table. */
export function metricsTable(cell: string, points: readonly MetricPoint[]): Rows<MetricRow> {
  const start = points.length === 0 ? 0 : Date.parse(points[0]!.time);
  const rows = points.map(({ step, time, values }) => ({
    step,
    seconds: (Date.parse(time) - start) / 1000,
    ...values,
  }));
  return rowsTable(rows, `Metrics of ${cell}`);
}
