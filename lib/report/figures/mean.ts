// The main result: mean bits per byte of every method, with intervals.
import * as Plot from "@observablehq/plot";
import { fixed } from "../format.ts";
import { draw, labelRoom } from "./plot.ts";

/** One method's score. */
export interface Score {
  readonly label: string;
  readonly color: string;
  readonly value: number;
  readonly interval: { readonly low: number; readonly high: number } | undefined;
  /** The values that `value` is the mean of, such as one per seed. */
  readonly points?: readonly number[];
}

/** A dot with its 95 % interval for every method, in the order given, with the value on the right. */
export function scorePanel(scores: readonly Score[], axis: string): string {
  const rows = scores.map(({ interval, ...score }) => ({
    ...score,
    low: interval?.low ?? score.value,
    high: interval?.high ?? score.value,
  }));
  const singles = scores.flatMap(({ label, color, points = [] }) => points.map((value) => ({ label, color, value })));
  const best = Math.min(...rows.map(({ value }) => value));
  const marginLeft = labelRoom(rows.map(({ label }) => label), 118);
  return draw(`${axis} by method`, {
    width: 362 + marginLeft,
    height: 58 + 24 * rows.length,
    marginLeft,
    marginRight: 52,
    marginTop: 8,
    marginBottom: 40,
    x: { label: axis, labelOffset: 36, grid: true, nice: true, ticks: 6 },
    y: { label: null, domain: rows.map(({ label }) => label), tickSize: 0, padding: 0.4 },
    marks: [
      Plot.ruleX([best], { stroke: "currentColor", strokeOpacity: 0.35, strokeDasharray: "3,3" }),
      Plot.ruleY(rows, { y: "label", x1: "low", x2: "high", stroke: "color", strokeWidth: 3, strokeOpacity: 0.55 }),
      Plot.dot(singles, { y: "label", x: "value", fill: "color", r: 2, dy: 8 }),
      Plot.dot(rows, { y: "label", x: "value", fill: "color", r: 5 }),
      Plot.text(rows, {
        y: "label",
        frameAnchor: "right",
        dx: 46,
        textAnchor: "end",
        text: ({ value }) => fixed(value, 3),
        fontVariant: "tabular-nums",
      }),
    ],
    color: { type: "identity" },
  });
}
