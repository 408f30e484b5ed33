// The places of a folded cell's points on the axes that curves can be drawn over.
import type { AxisName } from "../events/series.ts";
import type { CellView } from "../events/views.ts";
import { addRow, emptyCell, flopsPerToken } from "./points.ts";
import { placesOn } from "./series.ts";

/**
 * The place of each of a cell's points on an axis, by the point's index; undefined where nothing was logged that says.
 *
 * @param cell with `metrics` ordered by step, as views have them
 */
export function placesInCell(
  { name, steps, work, startedAt, metrics }: Pick<CellView, "name" | "steps" | "work" | "startedAt" | "metrics">,
  x: AxisName,
): (index: number) => number | undefined {
  const points = emptyCell(name);
  points.startedAt = startedAt === null ? null : Date.parse(startedAt);
  points.flopsPerToken = work === null ? null : flopsPerToken(work);
  for (const [seq, { step, time, values }] of metrics.entries()) {
    addRow(points, { kind: "metrics", cell: name, seq, step, time, values, steps: steps ?? Math.max(1, step) });
  }
  return placesOn(points, x);
}
