// The points of a run's cells as columns, folded from its events one by one.
import type { RunEvent, Work } from "../events/events.ts";
import { validUpTo } from "../view/mod.ts";
import { type Column, createColumn, firstIndex } from "./columns.ts";

/** The points of one cell: a row for each metrics event, ordered by step. */
export interface CellPoints {
  readonly name: string;
  title: string;
  /** How many steps there will be; null while nothing was counted. */
  steps: number | null;
  /** As planned; null if the log does not say. */
  flopsPerToken: number | null;
  /** When it started, or its first point was logged, in milliseconds. */
  startedAt: number | null;
  readonly seq: Column;
  readonly step: Column;
  /** Milliseconds; never smaller than in the row before, although clocks are set back. */
  readonly time: Column;
  readonly metrics: Map<string, MetricColumns>;
  readonly voids: Void[];
}

/** Points after `step` were taken back by event `seq`. */
export interface Void {
  readonly seq: number;
  readonly step: number;
}

/** The values of one metric: not every row has one. */
export interface MetricColumns {
  readonly row: Column;
  /** NaN where the value was not finite. */
  readonly value: Column;
}

/** The points of a run. */
export interface RunPoints {
  /** By name, in order of appearance. */
  readonly cells: Map<string, CellPoints>;
  /** `seq` of the last event, -1 before the first. */
  lastSeq: number;
}

/** A run without points. */
export function noPoints(): RunPoints {
  return { cells: new Map(), lastSeq: -1 };
}

/** Takes in the next event. */
export function applyToPoints(points: RunPoints, event: RunEvent): void {
  points.lastSeq = event.seq;
  if (event.kind === "run.start") points.cells.clear();
  if (event.kind === "run.start" || event.kind === "run.resume") {
    for (const { cell: name, title, work } of event.plan) {
      const cell = cellOf(points, name);
      cell.title = title;
      if (work !== undefined) cell.flopsPerToken = flopsPerToken(work) ?? cell.flopsPerToken;
    }
  }
  const last = validUpTo(event);
  if (last !== undefined && "cell" in event) takeBack(cellOf(points, event.cell!), event.seq, last);
  if (event.kind === "cell.start") {
    const cell = cellOf(points, event.cell);
    Object.assign(cell, { title: event.title, steps: null, startedAt: Date.parse(event.time) });
  }
  if (event.kind === "metrics") addRow(cellOf(points, event.cell), event);
}

/** Bytes that the points take in memory. */
export function bytesOf({ cells }: RunPoints): number {
  let sum = 0;
  for (const { seq, step, time, metrics } of cells.values()) {
    sum += seq.bytes + step.bytes + time.bytes;
    for (const { row, value } of metrics.values()) sum += row.bytes + value.bytes;
  }
  return sum;
}

function cellOf({ cells }: RunPoints, name: string): CellPoints {
  let cell = cells.get(name);
  if (cell === undefined) cells.set(name, cell = emptyCell(name));
  return cell;
}

/** What training on a token was planned to take; null if nothing was. */
export function flopsPerToken({ tokens, flops }: Pick<Work, "tokens" | "flops">): number | null {
  return tokens > 0 && flops > 0 ? flops / tokens : null;
}

/** A cell without points. */
export function emptyCell(name: string): CellPoints {
  return {
    name,
    title: name,
    steps: null,
    flopsPerToken: null,
    startedAt: null,
    seq: createColumn("number"),
    step: createColumn("number"),
    time: createColumn("number"),
    metrics: new Map(),
    voids: [],
  };
}

/** Adds the points of a metrics event. */
export function addRow(cell: CellPoints, event: Extract<RunEvent, { kind: "metrics" }>): void {
  const row = cell.step.length;
  // Rows stay ordered by step. Nothing of ours logs an earlier step without saying that it goes back; if a log does, what
  // it says later counts.
  if (row > 0 && event.step < cell.step.at(row - 1)) takeBack(cell, event.seq, event.step - 1);
  const at = cell.step.length;
  const time = Date.parse(event.time);
  cell.steps = event.steps;
  cell.startedAt ??= time;
  cell.seq.push(event.seq);
  cell.step.push(event.step);
  cell.time.push(at === 0 ? time : Math.max(time, cell.time.at(at - 1)));
  for (const [name, value] of Object.entries(event.values)) {
    let columns = cell.metrics.get(name);
    if (columns === undefined) {
      cell.metrics.set(name, columns = { row: createColumn("index"), value: createColumn("number") });
    }
    columns.row.push(at);
    columns.value.push(value ?? NaN);
  }
}

/** Removes the points after `step`. */
function takeBack(cell: CellPoints, seq: number, step: number): void {
  const { step: steps } = cell;
  const rows = firstIndex(steps.length, (row) => steps.at(row) > step);
  if (rows === steps.length) return;
  cell.voids.push({ seq, step });
  for (const column of [cell.seq, steps, cell.time]) column.truncate(rows);
  for (const [name, { row, value }] of cell.metrics) {
    const kept = firstIndex(row.length, (index) => row.at(index) >= rows);
    row.truncate(kept);
    value.truncate(kept);
    if (kept === 0) cell.metrics.delete(name);
  }
}
