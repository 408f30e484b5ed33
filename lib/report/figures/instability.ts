// Divergence in training: curves that keep their spikes, and histograms of the update ratio.
import * as Plot from "@observablehq/plot";
import { PALETTE } from "../../methods.ts";
import { draw } from "./plot.ts";

interface Point {
  readonly step: number;
  readonly value: number;
}

/** One line of a panel. */
export interface Line {
  readonly label: string;
  readonly color: string;
  readonly points: readonly Point[];
}

/** Colors of parameter groups, shared by all figures. */
export const GROUP_COLORS: Readonly<Record<string, string>> = {
  embedding: PALETTE.blue,
  attention: PALETTE.red,
  mlp: PALETTE.teal,
  projections: PALETTE.blue,
  gates: PALETTE.red,
  other: PALETTE.gray,
};

const MOST_POINTS = 300;

/** At most 300 points: the highest of neighbors, so that no spike is lost. */
export function thinKeepingPeaks(points: readonly Point[]): Point[] {
  if (points.length <= MOST_POINTS) return [...points];
  const size = Math.ceil(points.length / MOST_POINTS);
  return Array.from(
    { length: Math.ceil(points.length / size) },
    (_, i) => points.slice(i * size, (i + 1) * size).reduce((a, b) => b.value > a.value ? b : a),
  );
}

/** `0.01`, `1e-6` */
const shortNumber = (value: number) => value < 0.001 ? value.toExponential(0) : String(value);

/** Lines over steps; `log` for a logarithmic axis, `mark` for a step to point out. */
export function linesPanel(
  title: string,
  lines: readonly Line[],
  { log = false, domain, mark }: { log?: boolean; domain?: readonly [number, number]; mark?: number | undefined },
): string {
  return draw(`${title} by step`, {
    width: 270,
    height: 200,
    marginLeft: 40,
    marginTop: 30,
    marginRight: 12,
    marginBottom: 38,
    x: { label: "step", labelOffset: 36, ticks: 4, tickFormat: "~s" },
    y: {
      label: null,
      grid: true,
      type: log ? "log" : "linear",
      ...(domain === undefined ? {} : { domain: [...domain], clamp: true }),
      ...(log ? { ticks: 4, tickFormat: shortNumber } : { ticks: 5 }),
    },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -36, dy: -24, fontSize: 12, fontWeight: 600 }),
      ...(mark === undefined
        ? []
        : [Plot.ruleX([mark], { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "3,3" })]),
      ...lines.flatMap(({ points, color }) => [
        Plot.line(points, { x: "step", y: "value", stroke: color, strokeWidth: 1.2 }),
        // A line of one point is invisible.
        ...(points.length === 1 ? [Plot.dot(points, { x: "step", y: "value", fill: color, r: 2.5 })] : []),
      ]),
    ],
  });
}

/** Shares of coordinates by update ratio, one outline per group. */
export function ratiosPanel(
  title: string,
  bins: readonly { readonly u: number; readonly group: string; readonly share: number }[],
  highest: number,
): string {
  return draw(`Share of coordinates by update ratio, ${title}`, {
    width: 250,
    height: 190,
    marginLeft: 34,
    marginTop: 30,
    marginRight: 8,
    marginBottom: 38,
    x: { label: "update ratio u", labelOffset: 36, ticks: 5, domain: [-1.5, 1.5] },
    y: { label: null, grid: true, ticks: 4, tickFormat: "~%", domain: [0, highest] },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -28, dy: -24, fontSize: 12, fontWeight: 600 }),
      ...[...new Set(bins.map(({ group }) => group))].map((group) =>
        Plot.line(bins.filter((bin) => bin.group === group), {
          x: "u",
          y: "share",
          stroke: GROUP_COLORS[group] ?? PALETTE.gray,
          strokeWidth: 1.4,
          curve: "step",
        })
      ),
    ],
  });
}
