// What a log says up to some place: the run's view without points, its points as columns, and what is damaged.
import type { LogDamage, MetricPoint } from "../events/views.ts";
import type { RunEvent } from "../events/events.ts";
import type { LogPlace } from "../log/follow.ts";
import { LOG_START, type LogPiece, type LogPosition } from "../log/parse-log.ts";
import { firstIndex } from "../series/columns.ts";
import { applyToPoints, bytesOf, type CellPoints, noPoints, type RunPoints } from "../series/points.ts";
import { applyEvent, KEPT_POINTS, type RunView } from "../view/mod.ts";

/** A log, folded up to `position`. It changes as more of the log is read. */
export interface Fold {
  position: LogPosition;
  /** Whether the last event is `run.end`. */
  ended: boolean;
  /** Without points; undefined before the first event. */
  view: RunView | undefined;
  readonly points: RunPoints;
  readonly damage: LogDamage[];
  /** Places from which the log can be read on, in order, about half a megabyte apart. */
  readonly marks: LogPosition[];
}

/** A log is read in pieces of about this many bytes, and most of them end with a mark. */
export const MARK_BYTES = 1 << 19;

/** The fold of an empty log. */
export function emptyFold(): Fold {
  return { position: LOG_START, ended: false, view: undefined, points: noPoints(), damage: [], marks: [] };
}

/** Takes in the next piece of the log. */
export function takePiece(fold: Fold, { events, damage, position }: Omit<LogPiece, "unfinished">): void {
  for (const event of events) {
    applyToPoints(fold.points, event);
    fold.view = event.kind === "metrics" ? viewAt(fold.view, event) : applyEvent(fold.view, event);
  }
  if (events.length > 0) fold.ended = events.at(-1)!.kind === "run.end";
  fold.damage.push(...damage);
  fold.position = position;
  if (position.offset >= (fold.marks.at(-1) ?? LOG_START).offset + MARK_BYTES / 2) fold.marks.push(position);
}

/** The view after a metrics event; its point is among the columns. */
function viewAt(view: RunView | undefined, event: Extract<RunEvent, { kind: "metrics" }>): RunView {
  const now = applyEvent(view, event);
  now.cells.find(({ name }) => name === event.cell)!.metrics = [];
  return now;
}

/** A place in the log that all events after `seq` follow: the nearest that is known. */
export function placeBefore({ position, ended, marks }: Fold, seq: number): LogPlace {
  if (position.seq <= seq) return { position, ended };
  return { position: marks.findLast((mark) => mark.seq <= seq) ?? LOG_START, ended: false };
}

/** Bytes that a fold takes in memory, about. */
export function foldBytes({ points }: Fold): number {
  return bytesOf(points);
}

/** What `recentPoints()` gives of a cell's points. Times never go back, as in the columns. */
export function recentPointsOf(cell: CellPoints): MetricPoint[] {
  const { step, metrics } = cell;
  const from = Math.max(0, step.length - KEPT_POINTS);
  const last = [...metrics.values()].map(({ row }) => row.at(row.length - 1));
  const earlier = [...new Set(last)].filter((row) => row < from).sort((a, b) => a - b);
  return [...earlier, ...rowsFrom(from, step.length)].map((row) => pointAt(cell, row));
}

/** All of a cell's points. Times never go back, as in the columns. */
export function allPointsOf(cell: CellPoints): MetricPoint[] {
  return rowsFrom(0, cell.step.length).map((row) => pointAt(cell, row));
}

const rowsFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function pointAt({ step, time, metrics }: CellPoints, wanted: number): MetricPoint {
  return {
    step: step.at(wanted),
    time: new Date(time.at(wanted)).toISOString(),
    values: Object.fromEntries([...metrics].flatMap(([name, { row, value }]) => {
      const at = firstIndex(row.length, (index) => row.at(index) >= wanted);
      if (at === row.length || row.at(at) !== wanted) return [];
      return [[name, Number.isNaN(value.at(at)) ? null : value.at(at)]];
    })),
  };
}
