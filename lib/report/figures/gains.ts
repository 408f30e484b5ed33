// What probes gain on each domain as a heat map; colors only where an interval excludes 0.
import * as Plot from "@observablehq/plot";
import { draw, inkOn, labelRoom, mix, textWidth } from "./plot.ts";

/** What one probe gains on one domain, in bits per byte. */
export interface GainCell {
  readonly probe: string;
  readonly domain: string;
  readonly gain: number;
  /** The 95 % interval, if there is one. */
  readonly interval: readonly [low: number, high: number] | undefined;
}

const [NEUTRAL, BETTER, WORSE] = ["#e6e4df", "#1f8a5b", "#c8553d"];

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
    const fill = mix(NEUTRAL!, gain > 0 ? BETTER! : WORSE!, share);
    const range = interval === undefined ? "" : `[${interval.map((end) => signed(end, 2)).join(", ")}]`;
    return { ...cell, fill, ink: inkOn(fill), value: signed(gain, 3), range, own: cell.probe === cell.domain };
  });
  const marginLeft = labelRoom(probes, 80);
  const column = Math.max(84, ...domains.map((domain) => Math.ceil(textWidth(domain)) + 8));
  return draw("Bits per byte that each probe saves on each domain", {
    width: marginLeft + column * domains.length + 4,
    height: 26 + 42 * probes.length,
    marginLeft,
    marginTop: 22,
    marginBottom: 4,
    marginRight: 4,
    x: { domain: domains, axis: "top", label: null, tickSize: 0, padding: 0.05 },
    y: { domain: probes, label: null, tickSize: 0, padding: 0.08 },
    color: { type: "identity" },
    marks: [
      Plot.cell(rows, { x: "domain", y: "probe", fill: "fill", rx: 3 }),
      Plot.cell(rows.filter(({ own }) => own), {
        x: "domain",
        y: "probe",
        stroke: "currentColor",
        strokeWidth: 2,
        rx: 3,
        inset: 0,
      }),
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
