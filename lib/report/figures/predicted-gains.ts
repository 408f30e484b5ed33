// Predicted against realized gains, one dot for each candidate and domain.
import * as Plot from "@observablehq/plot";
import { draw } from "./plot.ts";

/** What a probe gained on a domain, and then the expert, in bits per byte. */
export interface GainDot {
  readonly predicted: number;
  readonly realized: number;
  /** The color of the candidate on its own domain; undefined on others. */
  readonly color: string | undefined;
}

/** All gains, and beside them those on candidates' own domains, which are a small part of the range. */
export function predictedGainsPanels(dots: readonly GainDot[]): string[] {
  return [
    panel("Predicted and realized gains on candidates' own domains", dots.filter(({ color }) => color !== undefined)),
    panel("Predicted and realized gains on all domains", dots),
  ];
}

function panel(label: string, dots: readonly GainDot[]): string {
  const [own, others] = [dots.filter(({ color }) => color !== undefined), dots.filter(({ color }) => !color)];
  return draw(label, {
    width: 330,
    height: 290,
    marginLeft: 52,
    marginBottom: 36,
    x: { label: "gain of the probe, bits per byte →", nice: true, ticks: 5 },
    y: { label: "↑ gain of the expert, bits per byte", nice: true, ticks: 6, grid: true },
    color: { type: "identity" },
    marks: [
      Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
      Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
      Plot.dot(others, { x: "predicted", y: "realized", stroke: "currentColor", strokeOpacity: 0.45, r: 2.5 }),
      Plot.dot(own, { x: "predicted", y: "realized", fill: "color", r: 4 }),
    ],
  });
}
