// Observable Plot with a document, so that one line plots a table.
import * as Plot from "@observablehq/plot";
import { draw } from "../../report/mod.ts";
import { type Displayable, displayingNow } from "../display.ts";

/** An image that shows itself. */
export interface PlotImage extends Displayable {
  /** SVG. */
  readonly svg: string;
}

/** What a table is plotted by: names of its columns; Plot chooses the mark, unless `mark` says it. */
export type AutoOptions = Plot.AutoOptions;

/**
 * Draws a plot with Observable Plot.
 *
 * @example
 * ```ts
 * import { plot } from "@stitchbook/stitchbook/notebook";
 * import assert from "node:assert/strict";
 *
 * const rows = [{ step: 1, loss: 3 }, { step: 2, loss: 2 }];
 * assert.match(plot(rows, { x: "step", y: "loss", mark: "line" }).svg, /^<svg /);
 * ```
 *
 * @param rows a table; or, alone, the options of `Plot.plot()` with marks
 */
export function plot(rows: readonly object[], options: AutoOptions): PlotImage;
export function plot(options: Plot.PlotOptions): PlotImage;
export function plot(given: readonly object[] | Plot.PlotOptions, options: AutoOptions = {}): PlotImage {
  const isTable = Array.isArray(given);
  const label = isTable ? labelOf(options) : "Plot";
  const svg = draw(label, isTable ? { marks: [Plot.auto([...given], options)] } : given as Plot.PlotOptions);
  return displayingNow({ svg }, () => ({ "image/svg+xml": svg, "text/plain": label }));
}

function labelOf({ x, y }: AutoOptions): string {
  const name = (channel: unknown) => typeof channel === "string" ? channel : undefined;
  return `Plot of ${name(y) ?? "values"} by ${name(x) ?? "values"}`;
}
