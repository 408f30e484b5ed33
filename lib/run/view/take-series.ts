// Taking in updates of series: what a reader has, with what has come since. Pure: the browser loads this file.
import type { CellSeries, Series } from "../events/series.ts";

/** Series that a reader has, brought up to date. @param update the answer to what was asked for with `after` */
export function takeSeries(known: readonly CellSeries[], update: readonly CellSeries[]): CellSeries[] {
  const cells = new Map(known.map((cell) => [cell.cell, cell]));
  for (const cell of update) {
    const before = cell.reset ? [] : cells.get(cell.cell)?.series ?? [];
    const series = new Map(before.map((one) => [one.metric, one]));
    for (const one of cell.series) series.set(one.metric, joined(series.get(one.metric), one));
    if (series.size === 0) cells.delete(cell.cell);
    else cells.set(cell.cell, { ...cell, reset: false, series: [...series.values()] });
  }
  return [...cells.values()];
}

function joined(before: Series | undefined, now: Series): Series {
  if (before === undefined || now.replaces === 0) return now;
  const found = before.step.findIndex((step) => step >= now.replaces);
  const kept = found < 0 ? before.step.length : found;
  const join = <T>(old: readonly T[], added: readonly T[]) => [...old.slice(0, kept), ...added];
  return {
    ...now,
    step: join(before.step, now.step),
    ...(now.x === undefined ? {} : { x: join(before.x ?? [], now.x) }),
    value: join(before.value, now.value),
    ...(now.smooth === undefined ? {} : { smooth: join(before.smooth ?? [], now.smooth) }),
  };
}
