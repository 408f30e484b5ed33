// Cost: parameters by method, and time by cell.
import * as Plot from "@observablehq/plot";
import { compact, duration } from "../format.ts";
import { PALETTE } from "../../methods.ts";
import { draw, labelRoom } from "./plot.ts";

/** Parameters of one method. */
export interface ParameterCount {
  readonly label: string;
  readonly trained: number;
  readonly total: number;
  readonly active: number;
}

/** Colors of the three counts, for the legend. */
export const PARAMETER_COLORS = { total: PALETTE.gray, active: PALETTE.blue, trained: PALETTE.red } as const;

/** Total, active and trained parameters of every method as three thin bars. */
export function parameterPanel(counts: readonly ParameterCount[]): string {
  const kinds = ["total", "active", "trained"] as const;
  const bars = counts.flatMap((count) =>
    kinds.map((kind) => ({ label: count.label, kind, color: PARAMETER_COLORS[kind], value: count[kind] }))
  );
  const marginLeft = labelRoom(counts.map(({ label }) => label), 118);
  return draw("Parameters by method", {
    width: 342 + marginLeft,
    height: 46 + 40 * counts.length,
    marginLeft,
    marginRight: 44,
    marginTop: 6,
    marginBottom: 40,
    x: { label: "parameters", labelOffset: 36, grid: true, ticks: 5, tickFormat: compact, insetRight: 4 },
    y: { axis: null, domain: [...kinds], padding: 0.12 },
    fy: { domain: counts.map(({ label }) => label), label: null, axis: "left", padding: 0.22 },
    color: { type: "identity" },
    marks: [
      Plot.barX(bars, { x: "value", y: "kind", fy: "label", fill: "color" }),
      Plot.text(bars.filter(({ value }) => value > 0), {
        x: "value",
        y: "kind",
        fy: "label",
        text: ({ value }) => compact(value),
        textAnchor: "start",
        dx: 4,
        fontSize: 9.5,
      }),
      Plot.ruleX([0], { stroke: "currentColor" }),
    ],
  });
}

/** Wall-clock time of every cell that ran, in order. */
export function timePanel(
  cells: readonly { readonly label: string; readonly seconds: number; readonly cached: boolean }[],
) {
  const marginLeft = labelRoom(cells.map(({ label }) => label), 118);
  return draw("Time by cell", {
    width: 342 + marginLeft,
    height: 46 + 22 * cells.length,
    marginLeft,
    marginRight: 70,
    marginTop: 6,
    marginBottom: 40,
    x: { label: "seconds", labelOffset: 36, grid: true, ticks: 5 },
    y: { label: null, domain: cells.map(({ label }) => label), tickSize: 0, padding: 0.25 },
    marks: [
      Plot.barX(cells, {
        x: "seconds",
        y: "label",
        fill: PALETTE.teal,
        fillOpacity: ({ cached }: { cached: boolean }) => cached ? 0.35 : 1,
      }),
      Plot.text(cells, {
        x: "seconds",
        y: "label",
        text: ({ seconds, cached }) => cached ? "cached" : duration(seconds),
        textAnchor: "start",
        dx: 4,
        fontSize: 10,
      }),
      Plot.ruleX([0], { stroke: "currentColor" }),
    ],
  });
}
