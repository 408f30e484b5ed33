// Drawing on a canvas with uPlot.
import uPlot from "uplot";
import type { AxisName } from "../../../run/view/mod.ts";
import { DASHES } from "./curves.ts";
import { placeLabel, placeTicks, rangeFor, ticksFor, valueLabel } from "./axis.ts";
import { type Drawing, extentOf, isolated } from "./lines.ts";
import type { Range } from "./source.ts";
import { type Theme, themeOf } from "./svg.ts";

/** What a plot needs besides its lines. */
export interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly x: AxisName;
  readonly log: boolean;
  /** Charts whose cursors move together have the same. */
  readonly sync: string;
  /** The part of the horizontal axis that is shown. */
  readonly range: () => Range;
  readonly onZoom: (range: Range | undefined) => void;
  /** The place under the cursor; undefined when there is none. */
  readonly onCursor: (place: number | undefined) => void;
}

/** The colors that the page has now. */
export function pageTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  return themeOf((name) => style.getPropertyValue(name).trim());
}

/** A plot of some lines. @param drawing gives the lines as they are now */
export function createPlot(element: HTMLElement, drawing: () => Drawing, options: PlotOptions): uPlot {
  const { width, height, x, log, sync, range, onZoom, onCursor } = options;
  const { muted, grid, series: colors } = pageTheme();
  const axis: uPlot.Axis = {
    stroke: muted,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return new uPlot(
    {
      width,
      height,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [...range()] },
        y: {
          distr: log ? 3 : 1,
          range: () => rangeFor(...(extentOf(drawing(), ...range()) ?? [1, 1]), log),
        },
      },
      axes: [
        {
          ...axis,
          size: 30,
          gap: 6,
          splits: (_, __, low, high) => placeTicks(x, low, high, Math.max(2, Math.round(width / 110))),
          values: (_, places) => places.map((place) => placeLabel(x, place)),
        },
        {
          ...axis,
          size: 54,
          gap: 6,
          splits: (_, __, low, high) => ticksFor(low, high, log, Math.max(2, Math.round(height / 45))),
          values: (_, values) => values.map(valueLabel),
          filter: (_, values) => values,
        },
      ],
      cursor: {
        points: { size: 7 },
        sync: { key: `${sync} ${x}`, setSeries: false, scales: ["x", null] },
        // Less than this many pixels is a click that slipped.
        drag: { x: true, y: false, dist: 5 },
        bind: {
          dblclick: (_, __, handle) => (event) => {
            onZoom(undefined);
            return handle(event);
          },
        },
      },
      hooks: {
        setCursor: [({ cursor: { left }, posToVal }) => {
          onCursor(left === undefined || left < 0 ? undefined : posToVal(left, "x"));
        }],
        // Comes before the plot sets its scale, which asks `range`.
        setSelect: [({ select: { left, width }, posToVal }) => {
          if (width > 0) onZoom([posToVal(left, "x"), posToVal(left + width, "x")]);
        }],
      },
      series: [
        {},
        ...drawing().lines.map(({ curve, faint }): uPlot.Series => ({
          stroke: `color-mix(in srgb, ${colors[curve.color]} ${faint ? 35 : 100}%, transparent)`,
          width: faint ? 1 : 2,
          dash: [...DASHES[curve.dash % DASHES.length]!],
          points: { show: false, filter: (plot, series) => isolated(plot.data[series]!), size: 6 },
        })),
      ],
    },
    dataOf(drawing()),
    element,
  );
}

/** What a plot is made for: with another look there must be another plot. */
export function lookOf({ lines }: Drawing, { x, log }: Pick<PlotOptions, "x" | "log">): string {
  return JSON.stringify([x, log, lines.map(({ curve: { key, color, dash }, faint }) => [key, color, dash, faint])]);
}

/** A drawing as uPlot takes it. */
export function dataOf({ x, lines }: Drawing): uPlot.AlignedData {
  return [x, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
}
