// The mean gates of a stitch by domain.
import * as Plot from "@observablehq/plot";
import { fixed } from "../format.ts";
import { draw, inkOn, labelRoom } from "./plot.ts";

/** The mean gate of one model on one domain in one stitch. */
export interface Gate {
  readonly domain: string;
  readonly model: string;
  readonly color: string;
  readonly gate: number;
}

const sizeFor = (domains: readonly string[]) => {
  const marginLeft = labelRoom(domains, 78);
  return { width: 222 + marginLeft, marginLeft, marginTop: 30, marginRight: 16, marginBottom: 40 };
};
const heading = (title: string, marginLeft: number) =>
  Plot.text([title], { frameAnchor: "top-left", dx: 6 - marginLeft, dy: -24, fontSize: 12, fontWeight: 600 });

/** A stitch of experts into the hub: its gates sum to 1 over the models, so they are stacked. */
export function sharePanel(title: string, gates: readonly Gate[]): string {
  const domains = [...new Set(gates.map(({ domain }) => domain))];
  const size = sizeFor(domains);
  return draw(`Mean gates of ${title} by domain, stacked over models`, {
    ...size,
    height: 72 + 27 * domains.length,
    x: { label: "share of the hub’s new state", domain: [0, 1], ticks: 5, tickFormat: "~%", labelOffset: 36 },
    y: { type: "band", label: null, domain: domains, tickSize: 0, padding: 0.2 },
    color: { type: "identity" },
    marks: [
      heading(title, size.marginLeft),
      Plot.barX(gates, Plot.stackX({ x: "gate", y: "domain", fill: "color", insetRight: 1, order: null })),
      Plot.text(
        gates,
        Plot.stackX({
          x: "gate",
          y: "domain",
          text: ({ gate }: Gate) => gate >= 0.12 ? fixed(100 * gate, 0) : "",
          fill: ({ color }: Gate) => inkOn(color),
          fontSize: 10,
          order: null,
        }),
      ),
    ],
  });
}

/** A stitch of the hub into experts: each expert has its own gate between 0 and 1, shown as dots. */
export function openPanel(title: string, gates: readonly Gate[]): string {
  const domains = [...new Set(gates.map(({ domain }) => domain))];
  const models = [...new Set(gates.map(({ model }) => model))];
  const size = sizeFor(domains);
  return draw(`Mean gates of ${title} by domain, one dot per expert`, {
    ...size,
    height: 72 + 27 * domains.length,
    x: {
      label: "share of the hub’s state taken in",
      domain: [0, 1],
      ticks: 5,
      tickFormat: "~%",
      labelOffset: 36,
      grid: true,
    },
    y: { type: "band", label: null, domain: domains, tickSize: 0, padding: 0.2 },
    color: { type: "identity" },
    marks: [
      heading(title, size.marginLeft),
      Plot.ruleY(domains, { stroke: "currentColor", strokeOpacity: 0.15 }),
      // Each model has its own line within a domain's row, so that equal gates do not hide each other.
      ...models.map((model, at) =>
        Plot.dot(gates.filter((gate) => gate.model === model), {
          x: "gate",
          y: "domain",
          fill: "color",
          r: 3.5,
          dy: (at - (models.length - 1) / 2) * Math.min(6, 18 / models.length),
        })
      ),
    ],
  });
}
