// The curves of a chart: their points, and names and looks that tell them apart. Pure.
import type { CellSeries, Series } from "../../../run/view/mod.ts";
import { words } from "../common/format.ts";

/** A run in a chart. */
export interface ChartRun {
  readonly id: string;
  /** Its name among the runs of the chart: what differs. */
  readonly label: string;
}

/** The series of one run. */
export interface RunSeries {
  readonly run: string;
  readonly cells: readonly CellSeries[];
}

/** One curve. */
export interface Curve {
  readonly key: string;
  readonly run: string;
  readonly cell: string;
  readonly metric: string;
  /** What tells it from the others. */
  readonly label: string;
  /** Index of its color, below {@linkcode COLORS}, and of its dashes. */
  readonly color: number;
  readonly dash: number;
  /** How many steps its cell will have; null if unknown. */
  readonly steps: number | null;
  /** Places on the axis and values; null where a value is not finite. */
  readonly x: readonly number[];
  readonly value: readonly (number | null)[];
  readonly smooth: readonly (number | null)[] | undefined;
  readonly series: Series;
}

/** Different colors; further curves have dashes. */
export const COLORS = 6;
/** Patterns of dashes, in CSS pixels. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 5]];

/**
 * The curves of runs, in order. Runs and cells have different colors, and their metrics different dashes; the metrics of
 * a single cell have different colors. Series without a place on the axis are left out.
 */
export function curvesOfRuns(data: readonly RunSeries[], runs: readonly ChartRun[]): Curve[] {
  const all = data.flatMap(({ run, cells }) =>
    cells.flatMap((cell) => cell.series.map((series) => ({ run, cell, series, group: `${run} ${cell.cell}` })))
  ).filter(({ series }) => series.x?.every((place) => place !== null) ?? true);
  const different = <T>(of: (one: typeof all[number]) => T) => [...new Set(all.map(of))];
  const [ids, cells, metrics, groups] = [
    different(({ run }) => run),
    different(({ cell }) => cell.cell),
    different(({ series }) => series.metric),
    different(({ group }) => group),
  ];
  return all.map(({ run, cell, series, group }) => {
    const parts = [
      ...(ids.length > 1 ? [runs.find(({ id }) => id === run)?.label ?? run] : []),
      ...(cells.length > 1 ? [cell.title] : []),
      ...(metrics.length > 1 || (ids.length === 1 && cells.length === 1) ? [words(series.metric)] : []),
    ];
    const metric = metrics.indexOf(series.metric);
    const look = groups.length > 1 ? groups.indexOf(group) : metric;
    return {
      key: `${group} ${series.metric}`,
      run,
      cell: cell.cell,
      metric: series.metric,
      label: parts.join(" · "),
      color: look % COLORS,
      dash: Math.floor(look / COLORS) * (groups.length > 1 ? metrics.length : 1) + (groups.length > 1 ? metric : 0),
      steps: cell.steps,
      x: (series.x as readonly number[] | undefined) ?? series.step,
      value: series.value,
      smooth: series.smooth,
      series,
    };
  });
}
