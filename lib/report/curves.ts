// Every logged curve of a run in a few numbers.
import { numberColumn, type RunView, type Table, textColumn } from "../run/mod.ts";

/** One curve: a metric of a cell. Values that are not finite are counted only. */
export interface CurveSummary {
  readonly cell: string;
  readonly metric: string;
  readonly points: number;
  readonly notFinite: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** The curves of all cells, in the order in which they were logged. */
export function curveSummaries({ cells }: RunView): CurveSummary[] {
  return cells.flatMap((cell) => {
    const curves = new Map<string, CurveSummary>();
    for (const { values } of cell.metrics) {
      for (const [metric, value] of Object.entries(values)) {
        const before = curves.get(metric) ??
          { cell: cell.name, metric, points: 0, notFinite: 0, first: null, last: null, min: null, max: null };
        const finite = value !== null && Number.isFinite(value);
        curves.set(metric, {
          ...before,
          points: before.points + 1,
          ...(finite
            ? {
              first: before.first ?? value,
              last: value,
              min: Math.min(before.min ?? value, value),
              max: Math.max(before.max ?? value, value),
            }
            : { notFinite: before.notFinite + 1 }),
        });
      }
    }
    return [...curves.values()];
  });
}

/** Curves as a table. */
export function curvesTable(curves: readonly CurveSummary[]): Table {
  const digits = 5;
  const short = (value: number | null) => value === null ? null : Number(value.toPrecision(digits));
  return {
    name: "curves",
    title: "",
    columns: [
      textColumn("cell"),
      textColumn("metric"),
      numberColumn("points", "points", 0),
      ...(curves.some(({ notFinite }) => notFinite > 0) ? [numberColumn("notFinite", "not finite", 0)] : []),
      ...["first", "last", "min", "max"].map((key) => numberColumn(key)),
    ],
    rows: curves.map((curve) => ({
      ...curve,
      first: short(curve.first),
      last: short(curve.last),
      min: short(curve.min),
      max: short(curve.max),
    })),
  };
}
