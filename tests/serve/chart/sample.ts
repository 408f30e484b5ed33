// Series as the API gives them, for tests of charts.
import type { CellSeries, Series } from "../../../lib/run/mod.ts";

/** Points of a metric at steps 1, 2, 3, …; null is not finite. */
export function sampleSeries(metric: string, value: readonly (number | null)[], more: Partial<Series> = {}): Series {
  return {
    metric,
    points: value.length,
    notFinite: value.filter((one) => one === null).length,
    notPositive: value.filter((one) => one !== null && one <= 0).length,
    width: 0,
    replaces: 0,
    step: value.map((_, i) => i + 1),
    value: [...value],
    ...more,
  };
}

/** A cell with some series. */
export function sampleCell(cell: string, ...series: Series[]): CellSeries {
  return { cell, title: cell.toUpperCase(), steps: 10, reset: false, series };
}
