// The lines that are drawn for curves: raw values behind smoothed ones, on common places of the axis. Pure.
import type { AxisName } from "../../../run/view/mod.ts";
import { isMeasured } from "./choices.ts";
import type { Curve } from "./curves.ts";

/** A value for each place: undefined where the line has no point, null where it is broken. */
export type Values = (number | null | undefined)[];

/** One line. */
export interface Line {
  readonly curve: Curve;
  /** The raw values behind a smoothed line. */
  readonly faint: boolean;
  readonly values: Values;
}

/** Lines over common places. */
export interface Drawing {
  readonly x: readonly number[];
  readonly lines: readonly Line[];
  /** How many points a logarithmic axis cannot show. */
  readonly masked: number;
  /** How many points are not finite. */
  readonly broken: number;
}

/**
 * The lines of curves that are not hidden.
 *
 * @param log whether values of 0 and below are left out
 */
export function drawingOf(
  curves: readonly Curve[],
  { log, hidden }: { log: boolean; hidden: ReadonlySet<string> },
): Drawing {
  const shown = curves.filter(({ key }) => !hidden.has(key));
  const x = [...new Set(shown.flatMap((curve) => curve.x))].sort((a, b) => a - b);
  const places = new Map(x.map((place, i) => [place, i]));
  const spread = (curve: Curve, values: readonly (number | null)[]): Values => {
    const spread: Values = new Array(x.length).fill(undefined);
    // Of several points at one place, such as two steps within a millisecond, the last one stays.
    for (const [i, value] of values.entries()) {
      spread[places.get(curve.x[i]!)!] = log && value !== null && value <= 0 ? null : value;
    }
    return spread;
  };
  const lines = shown.flatMap((curve): Line[] => {
    const raw = spread(curve, curve.value);
    if (curve.smooth === undefined || isMeasured(curve.metric)) return [{ curve, faint: false, values: raw }];
    return [
      { curve, faint: true, values: raw },
      { curve, faint: false, values: spread(curve, curve.smooth) },
    ];
  });
  const sum = (of: (curve: Curve) => number) => shown.reduce((total, curve) => total + of(curve), 0);
  return {
    x,
    // Raw values of one curve do not cover the smoothed line of another.
    lines: [...lines.filter(({ faint }) => faint), ...lines.filter(({ faint }) => !faint)],
    masked: log ? sum(({ series }) => series.notPositive) : 0,
    broken: sum(({ series }) => series.notFinite),
  };
}

/** Indexes of values without a neighbor to draw a line to. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let before = false; // whether the last value logged was a number
  let open: number | undefined; // a number with none before it
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value === undefined) continue;
    if (value === null && open !== undefined) found.push(open);
    open = value !== null && !before ? at : undefined;
    before = value !== null;
  }
  if (open !== undefined) found.push(open);
  return found;
}

/**
 * The range of the horizontal axis: the whole length of training from the first point on, so that a curve shows how far
 * it is.
 */
export function wholeRange(
  { x: places }: Drawing,
  curves: readonly Curve[],
  x: AxisName,
): readonly [from: number, to: number] {
  const [low, high] = [places[0] ?? 0, places.at(-1) ?? 1];
  const total = x === "step" ? Math.max(0, ...curves.map(({ steps }) => steps ?? 0)) : 0;
  const end = Math.max(high, total);
  return [Math.min(0, low), end > Math.min(0, low) ? end : low + 1];
}

/** The lowest and the highest value among places from `from` to `to`; undefined if there is none. */
export function extentOf(
  { x, lines }: Drawing,
  from = -Infinity,
  to = Infinity,
): [low: number, high: number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of lines) {
    for (let i = 0; i < x.length; i++) {
      const value = values[i];
      if (value === null || value === undefined || x[i]! < from || x[i]! > to) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : undefined;
}

/** The value of a line at a place, or the nearest one before or after; undefined if it has none near. */
export function valueNear(
  { x }: Drawing,
  { values }: Line,
  place: number,
): { at: number; value: number | null } | undefined {
  let best: number | undefined;
  for (let i = 0; i < x.length; i++) {
    if (values[i] === undefined) continue;
    if (best === undefined || Math.abs(x[i]! - place) <= Math.abs(x[best]! - place)) best = i;
    else break;
  }
  return best === undefined ? undefined : { at: x[best]!, value: values[best] ?? null };
}
