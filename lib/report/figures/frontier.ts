// Cost against quality: a dot for each method, and the line of those that none beats in both.
import * as Plot from "@observablehq/plot";
import { compact } from "../format.ts";
import { draw, labelRoom } from "./plot.ts";

/** A method at a cost. */
export interface Offer {
  readonly label: string;
  readonly color: string;
  /** Not negative; lower is better, as is `loss`. */
  readonly cost: number;
  readonly loss: number;
}

/** The offers that none beats: no other costs as little or less and has as low a loss or a lower one, but for equals. */
export function frontier(offers: readonly Offer[]): Offer[] {
  return offers.filter((one) =>
    !offers.some((other) =>
      other.cost <= one.cost && other.loss <= one.loss && (other.cost < one.cost || other.loss < one.loss)
    )
  ).sort((a, b) => a.cost - b.cost);
}

const [WIDTH, MARGIN_TOP, MARGIN_BOTTOM, LINE] = [360, 30, 40, 14];

/** One panel. @param axis what the cost is */
export function frontierPanel(title: string, axis: string, offers: readonly Offer[]): string {
  const losses = offers.map(({ loss }) => loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
  const domain: [number, number] = [low - room, high + room];
  const costs = offers.map(({ cost }) => cost);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const logarithmic = least > 0 && most / least >= 10;
  const height = MARGIN_TOP + MARGIN_BOTTOM + Math.max(180, LINE * (offers.length + 1));
  const best = frontier(offers);
  // Labels stand in a column, so that they never cover each other however close the dots are.
  const labels = spread(offers, domain, height);
  return draw(`${title}: ${offers.map(({ label }) => label).join(", ")}`, {
    width: WIDTH + labelRoom(offers.map(({ label }) => label), 60),
    height,
    marginLeft: 40,
    marginTop: MARGIN_TOP,
    marginBottom: MARGIN_BOTTOM,
    marginRight: 20 + labelRoom(offers.map(({ label }) => label), 60),
    x: {
      label: axis,
      labelAnchor: "center",
      labelOffset: 36,
      grid: !logarithmic,
      type: logarithmic ? "log" : "linear",
      nice: true,
      ticks: 4,
      tickFormat: compact,
      insetLeft: 8,
      insetRight: 8,
    },
    y: { label: null, domain, grid: true, ticks: 5 },
    color: { type: "identity" },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -34, dy: -24, fontSize: 12, fontWeight: 600 }),
      Plot.line(best, {
        x: "cost",
        y: "loss",
        curve: "step-after",
        stroke: "currentColor",
        strokeOpacity: 0.4,
        strokeDasharray: "3,3",
      }),
      ...labels.map(({ offer, y }) =>
        Plot.text([offer], {
          y: () => y,
          frameAnchor: "right",
          textAnchor: "start",
          dx: 12,
          text: "label",
          fill: "color",
          fontWeight: best.includes(offer) ? 600 : 400,
        })
      ),
      Plot.dot(offers, { x: "cost", y: "loss", fill: "color", r: 4.5 }),
    ],
  });
}

/** A place for each label, as near to its dot's height as those below and above it leave. */
function spread(offers: readonly Offer[], [low, high]: readonly [number, number], height: number) {
  const pixels = height - MARGIN_TOP - MARGIN_BOTTOM;
  const gap = LINE * (high - low) / pixels;
  const sorted = offers.toSorted((a, b) => a.loss - b.loss);
  const places: number[] = [];
  for (const { loss } of sorted) places.push(Math.max(loss, (places.at(-1) ?? -Infinity) + gap));
  for (let i = places.length - 1, most = high; i >= 0; most = places[i--]! - gap) {
    places[i] = Math.min(places[i]!, most);
  }
  return sorted.map((offer, i) => ({ offer, y: places[i]! }));
}
