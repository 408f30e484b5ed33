// A live line chart of a cell's metrics, drawn by uPlot on a canvas.
import uPlot from "uplot";
import type { MetricPoint } from "../../run/mod.ts";
import { h, oncePerFrame, setAttribute } from "./dom.ts";
import { measured, words } from "./format.ts";

/** A chart that grows. */
export interface Chart {
  readonly element: HTMLElement;
  /** Takes in the points that came since the last call. */
  update(points: readonly MetricPoint[], steps: number | null): void;
}

const HEIGHT = 210;
const CURVE = /loss|validation|bpb|bits|perplexity|accuracy/i;
const READING = /^(lr|learningrate|seconds|time|tokens|flops)|persecond|norm$|memory|bytes/i;

/** The metrics worth a curve: losses where there are any, else all that are not readings of the machine. */
export function curvesOf(names: readonly string[]): string[] {
  const losses = names.filter((name) => CURVE.test(name));
  return losses.length > 0 ? losses : names.filter((name) => !READING.test(name));
}

/** An empty chart; it appears with its first two points. */
export function createChart(): Chart {
  const element = h("div", { class: "chart", role: "img", hidden: true });
  const steps: number[] = [];
  const columns = new Map<string, (number | null | undefined)[]>();
  let taken = 0;
  let total: number | null = null;
  let plot: uPlot | undefined;

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
    if (!element.isConnected || steps.length < 2) return;
    const names = curvesOf([...columns.keys()]);
    if (names.length === 0) return;
    const data = [steps, ...names.map((name) => columns.get(name)!)] as uPlot.AlignedData;
    if (plot !== undefined && plot.series.length !== names.length + 1) {
      plot.destroy();
      plot = undefined;
    }
    if (plot === undefined) plot = new uPlot(options(names, element.clientWidth, () => total), data, element);
    else plot.setData(data);
    setAttribute(element, "aria-label", describe(names, steps, columns, total));
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
      if (steps.length >= 2 && curvesOf([...columns.keys()]).length > 0) element.hidden = false;
      redraw();
    },
  };
}

function options(names: readonly string[], width: number, total: () => number | null): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    // The whole length of the training from the first point on, so that the curve shows how far it is.
    scales: {
      x: { time: false, range: (_, low, high) => [Math.min(0, low), Math.max(high, total() ?? high, low + 1)] },
    },
    axes: [
      { ...axis, size: 30, gap: 6, space: 70 },
      { ...axis, size: 46, gap: 6, space: 34 },
    ],
    cursor: { points: { size: 7 }, drag: { x: true, y: false } },
    series: [
      { label: "step", value: (_, value) => value === null || value === undefined ? "" : String(value) },
      ...names.map((name, i): uPlot.Series => ({
        label: words(name),
        stroke: colour(`--series-${i % 6 + 1}`),
        width: i === 0 ? 1.75 : 2,
        points: { show: false },
        value: (_, value) => value === null || value === undefined ? "" : measured(value),
      })),
    ],
  };
}

function describe(
  names: readonly string[],
  steps: readonly number[],
  columns: ReadonlyMap<string, readonly (number | null | undefined)[]>,
  total: number | null,
): string {
  const latest = names.map((name) => {
    const value = columns.get(name)?.findLast((value) => value !== undefined);
    return `${words(name)} ${measured(value)}`;
  });
  return `Curves up to step ${steps.at(-1)}${total === null ? "" : ` of ${total}`}; latest: ${latest.join(", ")}`;
}
