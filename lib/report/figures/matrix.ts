// Bits per byte of models × domains, colored by the change relative to the seed.
import * as Plot from "@observablehq/plot";
import { fixed } from "../format.ts";
import { BETTER, heatMap, NEUTRAL, WORSE } from "./heat-map.ts";
import { inkOn, mix } from "./plot.ts";

/** Bits per byte of one model on one domain. */
export interface MatrixCell {
  readonly model: string;
  readonly domain: string;
  readonly bpb: number;
  /** Bits per byte of the seed on this domain, if known. */
  readonly seed: number | undefined;
  /** Whether it is the best of its domain. */
  readonly best: boolean;
  /** Whether this is an expert on its own domain. */
  readonly own: boolean;
}

/** As in the table of results, so that both mark the same scores as best. */
export const BPB_DIGITS = 3;

/** The color for a relative change of bits per byte; saturated at `most`. */
function changeColor(change: number, most: number): string {
  const share = Math.sqrt(Math.min(1, Math.abs(change) / Math.max(most, 1e-9)));
  return mix(NEUTRAL, change < 0 ? BETTER : WORSE, share);
}

/** The heat map, with bits per byte and the change in percent in each cell. */
export function matrixPanel(cells: readonly MatrixCell[]): string {
  const models = [...new Set(cells.map(({ model }) => model))];
  const domains = [...new Set(cells.map(({ domain }) => domain))];
  const change = ({ bpb, seed }: MatrixCell) => seed === undefined || seed === 0 ? 0 : bpb / seed - 1;
  const most = Math.min(0.3, Math.max(0.02, ...cells.map((cell) => Math.abs(change(cell)))));
  const rows = cells.map((cell) => {
    const fill = changeColor(change(cell), most);
    const percent = cell.seed === undefined || change(cell) === 0 ? "" : signedPercent(change(cell));
    return { ...cell, fill, ink: inkOn(fill), percent };
  });
  return heatMap("Bits per byte by model and domain, relative to the seed", rows, {
    y: "model",
    names: models,
    domains,
    room: 116,
    column: 63,
    texts: [
      ...[true, false].map((best) =>
        Plot.text(rows.filter((row) => row.best === best), {
          x: "domain",
          y: "model",
          text: ({ bpb }) => fixed(bpb, BPB_DIGITS),
          fill: "ink",
          dy: -6,
          fontSize: 13,
          fontWeight: best ? 800 : 400,
        })
      ),
      Plot.text(rows, { x: "domain", y: "model", text: "percent", fill: "ink", dy: 9, fontSize: 10 }),
    ],
  });
}

/** `+4.6 %`, `−27 %`, `0.0 %` */
function signedPercent(share: number): string {
  const size = fixed(Math.abs(100 * share), Math.abs(share) < 0.0995 ? 1 : 0);
  return `${Number(size) === 0 ? "" : share > 0 ? "+" : "−"}${size} %`;
}
