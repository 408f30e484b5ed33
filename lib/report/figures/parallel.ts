// Parallel coordinates of a sweep: one line per trial from its settings to its result; better ones are stronger.
import * as Plot from "@observablehq/plot";
import type { ParallelCoordinates } from "../../run/mod.ts";
import { draw, mix } from "./plot.ts";

/** Colors of the worst and the best trial; both are legible on light and dark pages. */
const WORST = "#9aa3ad";
const BEST = "#e04f3f";

/** One axis for each setting, and the metric on the right. */
export function parallelPanel({ axes, lines }: ParallelCoordinates): string {
  const points = lines.flatMap(({ at, trial, goodness }) =>
    at.map((y, axis) => ({ axis, y, trial, color: mix(WORST, BEST, goodness), opacity: 0.35 + 0.6 * goodness ** 2 }))
  );
  const ticks = axes.flatMap((axis, i) => axis.ticks.map(({ at, text }) => ({ axis: i, y: at, text })));
  const rules = axes.map((axis, i) => ({ axis: i, title: shorten(axis.title) }));
  return draw("Settings and results of all trials, one line per trial", {
    width: Math.max(420, 130 * axes.length),
    height: 300,
    marginTop: 34,
    marginBottom: 14,
    marginLeft: 56,
    marginRight: 64,
    x: { domain: [0, axes.length - 1], axis: null },
    y: { domain: [0, 1], axis: null },
    color: { type: "identity" },
    opacity: { type: "identity" },
    marks: [
      Plot.ruleX(rules, { x: "axis", stroke: "currentColor", strokeOpacity: 0.45 }),
      Plot.line(points, {
        x: "axis",
        y: "y",
        z: "trial",
        stroke: "color",
        strokeOpacity: "opacity",
        strokeWidth: 1.6,
        curve: "bump-x",
      }),
      Plot.dot(points, { x: "axis", y: "y", r: 2.4, fill: "color", fillOpacity: "opacity" }),
      Plot.text(ticks, {
        x: "axis",
        y: "y",
        text: ({ text }) => shorten(text),
        dx: 9,
        textAnchor: "start",
        stroke: "var(--paper, Canvas)",
        // Wide enough to interrupt a line behind the label.
        strokeWidth: 9,
        fill: "currentColor",
        fontVariant: "tabular-nums",
      }),
      Plot.text(rules, { x: "axis", text: "title", frameAnchor: "top", dy: -22, fontWeight: 600 }),
    ],
  });
}

function shorten(text: string): string {
  return text.length > 22 ? `…${text.slice(-21)}` : text;
}
