// Loss curves: training smoothed, with its raw values behind it, and validation as a strong line; a panel per phase.
import * as Plot from "@observablehq/plot";
import {
  type AxisName,
  type CellView,
  extremes,
  placesInCell,
  roundTicks,
  smoothed,
  smoothingWeight,
} from "../../run/mod.ts";
import { draw } from "./plot.ts";

/** The curves of one cell. */
export interface LossCurve {
  readonly label: string;
  readonly color: string;
  /** Loss of each step's batch. */
  readonly training: readonly Point[];
  /** Its moving average. */
  readonly smoothed: readonly Point[];
  readonly validation: readonly Point[];
}
interface Point {
  /** The place on the axis: a step, or tokens, FLOPs or seconds. */
  readonly step: number;
  readonly loss: number;
}

/** What is drawn of a cell. */
type CellCurves = Pick<CellView, "name" | "steps" | "work" | "startedAt" | "metrics">;

/** How loss curves are drawn. */
export interface LossOptions {
  /** Weight that the moving average keeps at each point, 0 (no smoothing) to 1. @default a fiftieth of the curve */
  readonly smooth?: number;
  /** Whether the axis of the loss is logarithmic. @default whether all losses are above 0 */
  readonly log?: boolean;
  /** What the curves are drawn over. @default "step" */
  readonly x?: AxisName;
  /** Most points of a curve. @default 240 */
  readonly most?: number;
}

const AXIS_LABELS: Readonly<Record<AxisName, string>> = {
  step: "step",
  tokens: "tokens",
  flops: "FLOPs",
  time: "seconds",
};

/** At most this many points of a curve are drawn. */
export const MOST_POINTS = 240;

/** The training and validation loss of a cell; points that are missing, not finite or without a place are left out. */
export function lossCurve(
  label: string,
  color: string,
  cell: CellCurves,
  { smooth, x = "step", most = MOST_POINTS }: LossOptions = {},
): LossCurve {
  const place = x === "step" ? (index: number) => cell.metrics[index]!.step : placesInCell(cell, x);
  const points = (name: string) =>
    cell.metrics.flatMap(({ values }, index) => {
      const loss = Object.hasOwn(values, name) ? values[name] : null;
      const step = place(index);
      return typeof loss === "number" && Number.isFinite(loss) && step !== undefined ? [{ step, loss }] : [];
    });
  const training = points("loss");
  const average = smoothed(training.map(({ loss }) => loss), smooth ?? smoothingWeight(training.length));
  return {
    label,
    color,
    training: extremes(training, ({ loss }) => loss, most),
    smoothed: thin(training.map(({ step }, i) => ({ step, loss: Number(average[i]) })), most),
    validation: thin(points("validation"), most),
  };
}

/** Averages neighboring points so that at most {@linkcode MOST_POINTS} remain; the last step is kept. */
export function thin(points: readonly Point[], most = MOST_POINTS): Point[] {
  if (points.length <= most) return [...points];
  const size = Math.ceil(points.length / most);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const bucket = points.slice(i * size, (i + 1) * size);
    return { step: bucket.at(-1)!.step, loss: bucket.reduce((sum, { loss }) => sum + loss, 0) / bucket.length };
  });
}

/** One panel with the curves of a phase, or undefined when none has a point. */
export function lossPanel(
  title: string,
  curves: readonly LossCurve[],
  { log, x = "step" }: Pick<LossOptions, "log" | "x"> = {},
): string | undefined {
  const all = curves.flatMap(({ training, validation }) => [...training, ...validation]).map(({ loss }) => loss);
  if (all.length === 0) return undefined;
  const logarithmic = (log ?? true) && Math.min(...all) > 0;
  const line = (points: readonly Point[], color: string, strokeWidth: number, strokeOpacity: number) =>
    Plot.line(points, { x: "step", y: "loss", stroke: color, strokeWidth, strokeOpacity });
  const dots = (points: readonly Point[], fill: string) => Plot.dot(points, { x: "step", y: "loss", fill, r: 2.5 });
  return draw(`Loss by ${AXIS_LABELS[x]}: ${title}`, {
    width: 270,
    height: 220,
    marginLeft: 34,
    marginTop: 30,
    marginRight: 12,
    marginBottom: 38,
    x: { label: AXIS_LABELS[x], labelOffset: 36, nice: false, ticks: 4, tickFormat: "~s" },
    y: {
      label: null,
      grid: true,
      type: logarithmic ? "log" : "linear",
      ticks: roundTicks(Math.min(...all), Math.max(...all)),
      tickFormat: (loss: number) => String(Number(loss.toPrecision(3))),
    },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -30, dy: -24, fontSize: 12, fontWeight: 600 }),
      ...curves.map(({ color, training }) => line(training, color, 0.75, 0.3)),
      ...curves.flatMap(({ color, smoothed, validation }) => [
        line(smoothed, color, 1.25, 0.9),
        line(validation, color, 2, 1),
        // A line of one point is invisible.
        ...(smoothed.length === 1 ? [dots(smoothed, color)] : []),
        ...(validation.length <= 30 ? [dots(validation, color)] : []),
      ]),
    ],
  });
}
