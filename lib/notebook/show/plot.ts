// Observable Plot with a document, so that one line plots a table.
import * as Plot from "@observablehq/plot";
import { methodColors } from "../../methods.ts";
import { draw, figureImage, labelRoom, panelImage } from "../../report/mod.ts";
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
  const svg = isTable ? tableSvg(given, label, options) : panelImage(draw(label, given as Plot.PlotOptions)).svg;
  return displayingNow({ svg }, () => ({ "image/svg+xml": svg, "text/plain": label }));
}

/** A table, with a legend of its colors if they are those of names: the colors that models have everywhere. */
function tableSvg(rows: readonly object[], label: string, options: AutoOptions): string {
  const colors = [...methodColors(names(rows, options.color) ?? [])];
  const panel = draw(label, {
    marks: [Plot.auto([...rows], options)],
    marginLeft: labelRoom(names(rows, options.y) ?? [], 40),
    ...(colors.length === 0
      ? {}
      : { color: { domain: colors.map(([name]) => name), range: colors.map(([, c]) => c) } }),
  });
  const legend = colors.map(([label, color]) => ({ label, color }));
  return figureImage({ name: "plot", title: label, caption: "", legend, panels: [panel] });
}

/** The different values of a column of texts, in order of appearance; undefined if it is none. */
function names(rows: readonly object[], column: unknown): string[] | undefined {
  if (typeof column !== "string") return undefined;
  const values = rows.map((row) => (row as Record<string, unknown>)[column]);
  return values.every((value) => typeof value === "string") ? [...new Set(values)] : undefined;
}

function labelOf({ x, y }: AutoOptions): string {
  const name = (channel: unknown) => typeof channel === "string" ? channel : undefined;
  return `Plot of ${name(y) ?? "values"} by ${name(x) ?? "values"}`;
}
