// The axes of a chart: names, ranges and labels of places. Pure.
import { type AxisName, logTicks, roundTicks } from "../../../run/view/mod.ts";
import { compact, duration, measured } from "../common/format.ts";

/** What the axes are called. */
export const AXIS_LABELS: Readonly<Record<AxisName, string>> = {
  step: "step",
  tokens: "tokens",
  flops: "FLOPs",
  time: "time",
};

/** A place on the horizontal axis: `1,200`, `1.2M`, `3.4e15`, `2 min 05 s`. */
export function placeText(x: AxisName, place: number): string {
  if (x === "time") return duration(place);
  if (x === "step") return Math.round(place).toLocaleString("en");
  return x === "tokens" ? compact(place) : place === 0 ? "0" : place.toPrecision(3).replace(/\.?0*e\+/, "e");
}

/** A label of the horizontal axis: shorter than a place's text. */
export function placeLabel(x: AxisName, place: number): string {
  if (x === "step" && Math.abs(place) >= 10_000) return compact(place);
  return placeText(x, place);
}

/** A label of the vertical axis. */
export function valueLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

/** A value in a legend. */
export function valueText(value: number | null | undefined): string {
  return value === undefined ? "" : measured(value);
}

/** The range of the vertical axis for values from `low` to `high`, with some room. */
export function rangeFor(low: number, high: number, log: boolean): [number, number] {
  if (log) {
    const room = high > low ? (high / low) ** 0.05 : 1.2;
    return [low / room, high * room];
  }
  const room = high > low ? (high - low) * 0.05 : Math.abs(low) * 0.1 || 1;
  return [low - room, high + room];
}

/** Places of labels on the horizontal axis: steps are whole. */
export function placeTicks(x: AxisName, low: number, high: number, count: number): number[] {
  const ticks = ticksFor(low, high, false, count);
  return x === "step" ? ticks.filter(Number.isInteger) : ticks;
}

/** Places of labels on the vertical axis. */
export function ticksFor(low: number, high: number, log: boolean, count: number): number[] {
  return log ? logTicks(low, high, count) : roundTicks(low, high, count);
}
