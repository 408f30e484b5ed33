// The frame of heat maps by domain: a row for each model or probe, outlined where the domain is its own.
import * as Plot from "@observablehq/plot";
import { draw, labelRoom, textWidth } from "./plot.ts";

/** Colors of no change, and of changes for the better and the worse. */
export const [NEUTRAL, BETTER, WORSE] = ["#e6e4df", "#1f8a5b", "#c8553d"] as const;

/** A cell's color, and whether it is outlined. */
interface Colored {
  readonly domain: string;
  readonly fill: string;
  readonly own: boolean;
}

/** What differs between heat maps. */
interface HeatMap<Cell extends Colored> {
  /** The property that names a cell's row. */
  readonly y: keyof Cell & string;
  /** Names of rows, in order. */
  readonly names: readonly string[];
  readonly domains: readonly string[];
  /** Least width of the names of rows, in pixels. */
  readonly room: number;
  /** Least width of a column, in pixels. */
  readonly column: number;
  /** What is written in the cells. */
  readonly texts: readonly Plot.Markish[];
}

/** Draws colored cells with their texts. */
export function heatMap<Cell extends Colored>(
  title: string,
  cells: readonly Cell[],
  { y, names, domains, room, column, texts }: HeatMap<Cell>,
): string {
  const marginLeft = labelRoom(names, room);
  const width = Math.max(column, ...domains.map((domain) => Math.ceil(textWidth(domain)) + 8));
  return draw(title, {
    width: marginLeft + width * domains.length + 4,
    height: 26 + 42 * names.length,
    marginLeft,
    marginTop: 22,
    marginBottom: 4,
    marginRight: 4,
    x: { domain: domains, axis: "top", label: null, tickSize: 0, padding: 0.05 },
    y: { domain: names, label: null, tickSize: 0, padding: 0.08 },
    color: { type: "identity" },
    marks: [
      Plot.cell(cells, { x: "domain", y, fill: "fill", rx: 3 }),
      Plot.cell(cells.filter(({ own }) => own), {
        x: "domain",
        y,
        stroke: "currentColor",
        strokeWidth: 2,
        rx: 3,
        inset: 0,
      }),
      ...texts,
    ],
  });
}
