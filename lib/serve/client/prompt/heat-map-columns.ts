// The columns of a heat map, one per token: all in sight if they fit, otherwise wide enough to tell apart, and scrolled.
import { roundTicks } from "../../../run/view/mod.ts";

/** Widths of a column in pixels. */
const [NARROWEST, WIDEST] = [3, 16];
/** Pixels between the numbers of the axis. */
const TICK_ROOM = 44;

/** Equal columns. */
export interface Columns {
  readonly count: number;
  /** The width of one in pixels, which may be a fraction. */
  readonly size: number;
  /** The width of all in pixels. */
  readonly width: number;
}

/** `count` columns that fill `room` pixels, within what can be read. */
export function columnsIn(room: number, count: number): Columns {
  const size = Math.max(NARROWEST, Math.min(WIDEST, room / Math.max(1, count)));
  return { count, size, width: size * count };
}

/** The first column in sight and the one after the last, when `left` pixels are scrolled past and `room` are in sight. */
export function inSight({ count, size }: Columns, left: number, room: number): readonly [first: number, end: number] {
  const first = Math.max(0, Math.floor(left / size));
  return [Math.min(first, count), Math.min(count, Math.ceil((left + room) / size))];
}

/** How far to scroll so that a column is in sight: no further than needed. */
export function scrolledTo({ size }: Columns, column: number, left: number, room: number): number {
  return Math.max(Math.min(left, column * size), (column + 1) * size - room);
}

/** Columns to number on the axis, from 0. The axis counts from 1. */
export function numbered({ count, width }: Columns): number[] {
  const ticks = roundTicks(1, Math.max(2, count), Math.max(1, Math.floor(width / TICK_ROOM)));
  return ticks.filter((tick) => Number.isInteger(tick) && tick <= count).map((tick) => tick - 1);
}
