// What probes gain on each domain as a heat map; colors only where an interval excludes 0.
import * as Plot from "@observablehq/plot";
import { BETTER, heatMap, NEUTRAL, WORSE } from "./heat-map.ts";
import { inkOn, mix } from "./plot.ts";

/** What one probe gains on one domain, in bits per byte. */
export interface GainCell {
  readonly probe: string;
  readonly domain: string;
  readonly gain: number;
  /** The 95 % interval, if there is one. */
  readonly interval: readonly [low: number, high: number] | undefined;
}

/** Probes × domains, with the gain and its interval in each cell. */
export function gainsPanel(cells: readonly GainCell[]): string {
  const probes = [...new Set(cells.map(({ probe }) => probe))];
  const domains = [...new Set(cells.map(({ domain }) => domain))];
  const most = Math.max(...cells.map(({ gain }) => Math.abs(gain)), 1e-9);
  const rows = cells.map((cell) => {
    const { gain, interval } = cell;
    const isClear = interval !== undefined && (interval[0] > 0 || interval[1] < 0);
    // Nothing that is clear looks neutral, however small it is.
    const share = isClear ? 0.15 + 0.85 * Math.sqrt(Math.abs(gain) / most) : 0;
    const fill = mix(NEUTRAL, gain > 0 ? BETTER : WORSE, share);
    const range = interval === undefined ? "" : `[${interval.map((end) => signed(end, 2)).join(", ")}]`;
    return { ...cell, fill, ink: inkOn(fill), value: signed(gain, 3), range, own: cell.probe === cell.domain };
  });
  return heatMap("Bits per byte that each probe saves on each domain", rows, {
    y: "probe",
    names: probes,
    domains,
    room: 80,
    column: 84,
    texts: [
      Plot.text(rows, { x: "domain", y: "probe", text: "value", fill: "ink", dy: -6, fontSize: 13 }),
      Plot.text(rows, { x: "domain", y: "probe", text: "range", fill: "ink", dy: 9, fontSize: 10 }),
    ],
  });
}

/** `+0.041`, `−0.002`, `0.000` */
function signed(value: number, digits: number): string {
  const size = Math.abs(value).toFixed(digits);
  return `${Number(size) === 0 ? "" : value > 0 ? "+" : "−"}${size}`;
}
