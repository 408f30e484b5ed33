// Series of a run for a chart: chosen cells and metrics, thinned, by any horizontal axis, whole or only what is new.
import type { AxisName, CellSeries, Series, SeriesNames } from "../events/series.ts";
import { movingAverage } from "../view/mod.ts";
import { type Column, firstIndex } from "./columns.ts";
import type { CellPoints, MetricColumns, RunPoints } from "./points.ts";
import { bucketWidth, type Curve, thin } from "./thin.ts";

/** Which points are asked for. */
export interface SeriesQuery {
  /** Names of cells. @default all */
  readonly cells?: readonly string[];
  /** Names of metrics. @default all */
  readonly metrics?: readonly string[];
  readonly x: AxisName;
  /** Only this part of the axis, and the next point on either side. @default all */
  readonly from?: number;
  readonly to?: number;
  /** The most buckets of each series; it has about twice as many points. */
  readonly buckets: number;
  /** Weight that a moving average keeps at each point, 0 to 1. @default no average */
  readonly smooth?: number;
  /** Only what was logged after this `seq`. @default -1 */
  readonly after?: number;
}

/** The series that a query asks for; cells without anything new are left out. */
export function seriesOf(points: RunPoints, query: SeriesQuery): CellSeries[] {
  const { cells, metrics, after = -1 } = query;
  const found: CellSeries[] = [];
  for (const cell of points.cells.values()) {
    if (cells !== undefined && !cells.includes(cell.name)) continue;
    // A log that ends before `after` is not the one that it is from.
    const reset = after >= 0 && (after > points.lastSeq || cell.voids.some(({ seq }) => seq > after));
    const known = reset ? -1 : after;
    const series = [...cell.metrics].filter(([name]) => metrics?.includes(name) ?? true)
      .flatMap(([name, columns]) => seriesOfMetric(cell, name, columns, query, known) ?? []);
    if (series.length === 0 && !reset) continue;
    found.push({ cell: cell.name, title: cell.title, steps: cell.steps, reset, series });
  }
  return found;
}

/** How many series a query asks for. */
export function countSeries(
  { cells: all }: RunPoints,
  { cells, metrics }: Pick<SeriesQuery, "cells" | "metrics">,
): number {
  let count = 0;
  for (const cell of all.values()) {
    if (cells !== undefined && !cells.includes(cell.name)) continue;
    for (const name of cell.metrics.keys()) if (metrics?.includes(name) ?? true) count++;
  }
  return count;
}

function seriesOfMetric(
  cell: CellPoints,
  metric: string,
  { row, value }: MetricColumns,
  { x, from = -Infinity, to = Infinity, buckets, smooth }: SeriesQuery,
  after: number,
): Series | undefined {
  const length = row.length;
  const place = placesOn(cell, x);
  // Where nothing says the place, no part of the axis can be told from another.
  const known = (index: number) => place(row.at(index)) ?? -Infinity;
  const start = Math.max(0, firstIndex(length, (index) => known(index) >= from) - 1);
  const end = Math.min(length, firstIndex(length, (index) => known(index) > to) + 1);
  const old = Math.min(end, firstIndex(length, (index) => cell.seq.at(row.at(index)) > after));
  if (old >= end || start >= end) return undefined;
  const curve: Curve = { length, step: (index) => cell.step.at(row.at(index)), value: (index) => value.at(index) };
  const widthOf = (last: number) =>
    bucketWidth(last - start, last > start ? curve.step(last - 1) - curve.step(start) : 0, buckets);
  const width = widthOf(end);
  const appends = old > start && width === widthOf(old);
  // The bucket that was not over when the last points were sent.
  const replaces = appends ? Math.floor(curve.step(old - 1) / (width || 1)) * (width || 1) : 0;
  const first = appends ? Math.max(start, firstIndex(length, (index) => curve.step(index) >= replaces)) : start;
  const kept = thin(curve, width, first, end, start);
  let [notFinite, notPositive] = [0, 0];
  for (let index = start; index < end; index++) {
    if (Number.isNaN(value.at(index))) notFinite++;
    else if (value.at(index) <= 0) notPositive++;
  }
  return {
    metric,
    points: end - start,
    notFinite,
    notPositive,
    width,
    replaces,
    step: kept.map((index) => curve.step(index)),
    ...(x === "step" ? {} : { x: kept.map((index) => place(row.at(index)) ?? null) }),
    value: kept.map((index) => Number.isNaN(value.at(index)) ? null : digits(value.at(index))),
    ...(smooth === undefined ? {} : { smooth: averagesAt(value, kept, smooth) }),
  };
}

/** The moving average at some of the values, over all values before them; null where a value is not finite. */
function averagesAt(values: Column, indexes: readonly number[], weight: number): (number | null)[] {
  const average = movingAverage(weight);
  const averages: (number | null)[] = [];
  for (let index = 0, next = 0; next < indexes.length; index++) {
    const value = values.at(index);
    const now = Number.isNaN(value) ? null : average(value);
    if (index !== indexes[next]) continue;
    averages.push(now === null ? null : digits(now));
    next++;
  }
  return averages;
}

/** Six significant digits: more than a chart can show, and a third of the bytes. */
const digits = (value: number): number => Number(value.toPrecision(6));

/** The place of a cell's row on an axis; undefined where nothing was logged that says. Places never get smaller. */
export function placesOn(cell: CellPoints, x: AxisName): (row: number) => number | undefined {
  if (x === "step") return (row) => cell.step.at(row);
  if (x === "time") return (row) => (cell.time.at(row) - (cell.startedAt ?? cell.time.at(0))) / 1000;
  const counted = cell.metrics.get("tokens");
  const scale = x === "tokens" ? 1 : cell.flopsPerToken;
  if (counted === undefined || scale === null) return () => undefined;
  // A row without a count, such as a validation of its own, has the count before it.
  return (row) => {
    const next = firstIndex(counted.row.length, (index) => counted.row.at(index) > row);
    const count = next === 0 ? 0 : counted.value.at(next - 1);
    return Number.isNaN(count) ? undefined : count * scale;
  };
}

/** The names of all series of a run, by cell. */
export function seriesNames({ cells }: RunPoints): SeriesNames[] {
  return [...cells.values()].filter(({ metrics }) => metrics.size > 0).map(({ name, title, steps, step, metrics }) => ({
    cell: name,
    title,
    steps,
    metrics: [...metrics].map(([name, { row, value }]) => {
      const points = row.length;
      const last = value.at(points - 1);
      return { name, points, step: step.at(row.at(points - 1)), last: Number.isNaN(last) ? null : last };
    }),
  }));
}
