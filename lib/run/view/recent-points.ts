// A view without its curves: the points that say how far a cell is and what it measured last. Pure: the browser loads this
// file.
import type { CellView, MetricPoint, RunView } from "../events/views.ts";

/** How many of a cell's last points are kept: as many as its pace is computed from. */
export const KEPT_POINTS = 50;

/** The last points of a cell, and before them the last point of every metric that these do not have, in order. */
export function recentPoints(metrics: readonly MetricPoint[]): MetricPoint[] {
  const from = Math.max(0, metrics.length - KEPT_POINTS);
  const kept = metrics.slice(from);
  const known = new Set(kept.flatMap(({ values }) => Object.keys(values)));
  const earlier: MetricPoint[] = [];
  for (let at = from - 1; at >= 0; at--) {
    const point = metrics[at]!;
    const news = Object.keys(point.values).filter((name) => !known.has(name));
    if (news.length === 0) continue;
    for (const name of news) known.add(name);
    earlier.push(point);
  }
  return [...earlier.reverse(), ...kept];
}

/** A run with only the recent points of its cells: a page needs no more, as charts ask for their own. */
export function withRecentPoints(view: RunView): RunView {
  return { ...view, cells: view.cells.map((cell): CellView => ({ ...cell, metrics: recentPoints(cell.metrics) })) };
}
