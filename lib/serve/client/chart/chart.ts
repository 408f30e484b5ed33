// A live line chart of a cell's metrics, drawn by uPlot on a canvas: noisy curves smoothed, zoom by dragging.
import uPlot from "uplot";
import type { MetricPoint } from "../../../run/mod.ts";
import { smoothed, smoothingWeight } from "../../../run/view/mod.ts";
import { h, oncePerFrame, setAttribute } from "../common/dom.ts";
import { measured, words } from "../common/format.ts";

/** A chart that grows. */
export interface Chart {
  readonly element: HTMLElement;
  /** Takes in the points that came since the last call. */
  update(points: readonly MetricPoint[], steps: number | null): void;
}

const HEIGHT = 210;
const CURVE = /loss|validation|bpb|bits|perplexity|accuracy/i;
const MEASURED = /valid|held|eval|test/i;
const READING = /^(lr|learningrate|seconds|time|tokens|flops)|persecond|norm$|memory|bytes/i;

/** The metrics worth a curve: losses where there are any, else all that are not readings of the machine. */
export function curvesOf(names: readonly string[]): string[] {
  const losses = names.filter((name) => CURVE.test(name));
  return losses.length > 0 ? losses : names.filter((name) => !READING.test(name));
}

/** A metric's values by step: undefined where none was logged, null where it was not finite. */
type Values = (number | null | undefined)[];

/** One line of a chart. */
interface Line {
  readonly label: string;
  /** Index of the metric, which decides the color. */
  readonly metric: number;
  /** The raw values behind a smoothed line. */
  readonly faint: boolean;
  readonly values: Values;
}

/**
 * The lines of all metrics: validation, measured on the same text each time, as it is; others, which come from one batch
 * per step, smoothed in front of the raw values.
 *
 * @param weight of the moving average
 */
export function linesOf(metrics: readonly (readonly [name: string, values: Values])[], weight: number): Line[] {
  return metrics.flatMap(([name, values], metric): Line[] => {
    const line = { label: words(name), metric, faint: false, values };
    return MEASURED.test(name)
      ? [line]
      : [{ ...line, faint: true }, { ...line, label: `${line.label}, smoothed`, values: smoothed(values, weight) }];
  });
}

/** Indexes of values without a neighbor to draw a line to. */
export function isolated(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let before = false; // whether the last value logged was a number
  let open: number | undefined; // a number with none before it
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (value === undefined) continue;
    if (value === null && open !== undefined) found.push(open);
    open = value !== null && !before ? at : undefined;
    before = value !== null;
  }
  if (open !== undefined) found.push(open);
  return found;
}

/** Steps that are shown. */
type Steps = readonly [from: number, to: number];

/** An empty chart; it appears with its first point. */
export function createChart(): Chart {
  const element = h("div", {
    class: "chart",
    role: "img",
    title: "Drag across steps to zoom in, double-click to zoom out",
    hidden: true,
  });
  const steps: number[] = [];
  const columns = new Map<string, Values>();
  let taken = 0;
  let total: number | null = null;
  let plot: uPlot | undefined;
  // Outlives the plot, which is built again when a metric or the page's colors change.
  let zoom: Steps | undefined;

  /** The whole length of the training from the first point on, so that the curve shows how far it is. */
  const range = (low: number, high: number): Steps =>
    zoom ?? [Math.min(0, low), Math.max(high, total ?? high, low + 1)];
  const zoomTo = (steps: Steps | undefined) => {
    zoom = steps;
    redraw();
  };

  /** A point of a step that is known already is merged into it: losses and validation may be logged apart. */
  const take = ({ step, values }: MetricPoint) => {
    let at = steps.length;
    while (at > 0 && steps[at - 1]! >= step) at--;
    if (steps[at] !== step) {
      steps.splice(at, 0, step);
      for (const column of columns.values()) column.splice(at, 0, undefined);
    }
    for (const [name, value] of Object.entries(values)) {
      let column = columns.get(name);
      if (column === undefined) columns.set(name, column = new Array(steps.length).fill(undefined));
      column[at] = value;
    }
  };

  const draw = () => {
    if (!element.isConnected || steps.length === 0) return;
    const names = curvesOf([...columns.keys()]);
    if (names.length === 0) return;
    const last = steps.at(-1)!;
    const expected = total === null || last <= 0 ? steps.length : Math.round(steps.length * Math.max(1, total / last));
    const lines = linesOf(names.map((name) => [name, columns.get(name)!]), smoothingWeight(expected));
    const data = [steps, ...lines.map(({ values }) => values)] as uPlot.AlignedData;
    if (plot !== undefined && plot.series.length !== data.length) {
      plot.destroy();
      plot = undefined;
    }
    if (plot === undefined) plot = new uPlot(options(lines, element.clientWidth, range, zoomTo), data, element);
    else plot.setData(data);
    setAttribute(element, "aria-label", describe(names, steps, columns, total, zoom));
  };
  const redraw = oncePerFrame(draw);

  new ResizeObserver(() => {
    if (plot !== undefined && element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    else redraw();
  }).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot?.destroy();
    plot = undefined;
    redraw();
  });

  return {
    element,
    update(points, newTotal) {
      total = newTotal;
      for (; taken < points.length; taken++) take(points[taken]!);
      // Its room is taken at once, so that nothing below moves when it is drawn.
      if (steps.length > 0 && curvesOf([...columns.keys()]).length > 0) element.hidden = false;
      redraw();
    },
  };
}

function options(
  lines: readonly Line[],
  width: number,
  range: (low: number, high: number) => Steps,
  zoomTo: (steps: Steps | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color("--muted"),
    grid: { stroke: color("--grid"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    scales: { x: { time: false, range: (_, low, high) => [...range(low, high)] } },
    axes: [
      { ...axis, size: 30, gap: 6, space: 70 },
      { ...axis, size: 46, gap: 6, space: 34 },
    ],
    cursor: {
      points: { size: 7 },
      // Less than this many pixels is a click that slipped.
      drag: { x: true, y: false, dist: 5 },
      bind: {
        dblclick: (_, __, handle) => (event) => {
          zoomTo(undefined);
          return handle(event);
        },
      },
    },
    hooks: {
      // Comes before the plot sets its scale, which asks `range`.
      setSelect: [({ select: { left, width }, posToVal }) => {
        if (width === 0) return;
        const [from, to] = [posToVal(left, "x"), posToVal(left + width, "x")];
        zoomTo([from, Math.max(to, from + 1)]);
      }],
    },
    series: [
      { label: "step", value: (_, value) => value === null || value === undefined ? "" : String(value) },
      ...lines.map(({ label, metric, faint }): uPlot.Series => ({
        label,
        stroke: `color-mix(in srgb, ${color(`--series-${metric % 6 + 1}`)} ${faint ? 35 : 100}%, transparent)`,
        width: faint ? 1 : 2,
        points: { show: false, filter: (plot, series) => isolated(plot.data[series]!), size: 6 },
        value: (_, value) => value === null || value === undefined ? "" : measured(value),
      })),
    ],
  };
}

function describe(
  names: readonly string[],
  steps: readonly number[],
  columns: ReadonlyMap<string, Values>,
  total: number | null,
  zoom: Steps | undefined,
): string {
  const latest = names.map((name) => {
    const value = columns.get(name)?.findLast((value) => value !== undefined);
    return `${words(name)} ${measured(value)}`;
  });
  const shown = zoom === undefined ? "" : `, zoomed to steps ${Math.round(zoom[0])} to ${Math.round(zoom[1])}`;
  return `Curves up to step ${steps.at(-1)}${total === null ? "" : ` of ${total}`}${shown}; latest: ${
    latest.join(", ")
  }`;
}
