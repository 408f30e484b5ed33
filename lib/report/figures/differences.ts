// Differences between methods with their intervals.
import * as Plot from "@observablehq/plot";
import { PALETTE } from "../../methods.ts";
import { draw, labelRoom } from "./plot.ts";

/** A method's bits per byte minus another's, on the same documents. */
export interface Difference {
  /** The other method, or both. */
  readonly label: string;
  readonly value: number;
  /** Ends of the 95 % interval; undefined if there are too few documents. */
  readonly interval: readonly [low: number, high: number] | undefined;
}

/** Colors by what the interval says, for the legend. */
export const DIFFERENCE_COLORS = {
  better: PALETTE.green,
  worse: PALETTE.red,
  unclear: PALETTE.gray,
} as const;

/** What a difference in a measure that is better when lower says of the method. */
export function verdictOf({ interval }: Difference): keyof typeof DIFFERENCE_COLORS {
  if (interval === undefined) return "unclear";
  return interval[1] < 0 ? "better" : interval[0] > 0 ? "worse" : "unclear";
}

/** A dot with its interval for every difference, in the order given; the line in the middle is no difference. */
export function differencePanel(title: string, differences: readonly Difference[]): string {
  const rows = differences.map((one) => ({
    ...one,
    low: one.interval?.[0] ?? one.value,
    high: one.interval?.[1] ?? one.value,
    color: DIFFERENCE_COLORS[verdictOf(one)],
  }));
  const labels = rows.map(({ label }) => label);
  const marginLeft = labelRoom(labels, 78);
  return draw(`Differences in bits per byte: ${title}`, {
    width: 222 + marginLeft,
    height: 72 + 20 * rows.length,
    marginLeft,
    marginTop: 30,
    marginRight: 16,
    marginBottom: 40,
    x: { label: "bits per byte", labelOffset: 36, grid: true, ticks: 4, nice: true },
    y: { type: "band", label: null, domain: labels, tickSize: 0, padding: 0.3 },
    color: { type: "identity" },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: 6 - marginLeft, dy: -24, fontSize: 12, fontWeight: 600 }),
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.6 }),
      Plot.ruleY(rows, { y: "label", x1: "low", x2: "high", stroke: "color", strokeWidth: 3, strokeOpacity: 0.55 }),
      Plot.dot(rows, { y: "label", x: "value", fill: "color", r: 4 }),
    ],
  });
}
