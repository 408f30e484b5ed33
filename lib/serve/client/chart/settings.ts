// What people set about a chart, and what it shows before they do. Pure.
import type { AxisName, SeriesNames } from "../../../run/view/mod.ts";
import { cellsWith, choicesOf, metricNames } from "./choices.ts";

/** What people set about a chart. */
export interface ChartSettings {
  /** The cell that is drawn; empty: all. */
  readonly cell: string;
  /** The metrics that are drawn. */
  readonly metrics: readonly string[];
  readonly x: AxisName;
  /** Whether the vertical axis is logarithmic. */
  readonly log: boolean;
  /** Weight of the moving average, 0 to below 1; null: suited to the number of points. */
  readonly smooth: number | null;
}

/** Before anything is known or set. */
export const DEFAULT_SETTINGS: ChartSettings = { cell: "", metrics: [], x: "step", log: false, smooth: null };

/**
 * The settings once the names of series are known; the same object if nothing changes.
 *
 * @param given what the chart was made with, which stays
 * @param runs how many the chart is of
 */
export function withNames(
  settings: ChartSettings,
  names: readonly SeriesNames[],
  given: Partial<ChartSettings>,
  runs: number,
): ChartSettings {
  const { metrics: before } = settings;
  // What is shown by default grows with what is logged.
  const mine = choicesOf(metricNames(names)).find(({ metrics }) => before.every((one) => metrics.includes(one)));
  const grows = mine !== undefined && mine.metrics.length > before.length && given.metrics === undefined;
  const now = grows ? { ...settings, metrics: mine.metrics } : settings;
  // All cells of several runs would be a tangle: the last one that most of them have is what they are compared by.
  if (before.length > 0 || runs < 2 || given.cell !== undefined) return now;
  const cells = cellsWith(names, now.metrics);
  const most = Math.max(...cells.map(({ runs }) => runs));
  return { ...now, cell: cells.findLast(({ runs }) => runs === most)?.name ?? "" };
}

/** The settings for a chart of other runs: what was left to this one is left to that one, except which cell is drawn. */
export function keptSettings(
  { metrics, ...others }: ChartSettings,
  given: Partial<ChartSettings>,
): Partial<ChartSettings> {
  if (metrics.length === 0) return given; // no cell is known
  return given.metrics === undefined ? others : { ...others, metrics };
}
