// Loss curves: training as a faint line, validation as a strong one, a panel a phase.
import * as Plot from "@observablehq/plot";
import type { MetricPoint } from "../../run/mod.ts";
import { draw } from "./plot.ts";

/** The curves of one cell. */
export interface LossCurve {
  readonly label: string;
  readonly colour: string;
  readonly training: readonly Point[];
  readonly validation: readonly Point[];
}
interface Point {
  readonly step: number;
  readonly loss: number;
}

/** At most this many points of a training curve are drawn; longer ones are averaged in buckets. */
const MOST_POINTS = 240;

/** The training and validation loss in a cell's metrics; points that are missing or not finite are left out. */
export function lossCurve(label: string, colour: string, metrics: readonly MetricPoint[]): LossCurve {
  const points = (name: string) =>
    metrics.flatMap(({ step, values }) => {
      const loss = Object.hasOwn(values, name) ? values[name] : null;
      return typeof loss === "number" && Number.isFinite(loss) ? [{ step, loss }] : [];
    });
  return { label, colour, training: thin(points("loss")), validation: points("validation") };
}

/** Averages runs of neighbouring points so that at most {@linkcode MOST_POINTS} remain; the last step is kept. */
export function thin(points: readonly Point[], most = MOST_POINTS): Point[] {
  if (points.length <= most) return [...points];
  const size = Math.ceil(points.length / most);
  const thinned: Point[] = [];
  for (let at = 0; at < points.length; at += size) {
    const bucket = points.slice(at, at + size);
    thinned.push({ step: bucket.at(-1)!.step, loss: bucket.reduce((sum, { loss }) => sum + loss, 0) / bucket.length });
  }
  return thinned;
}

/** One panel with the curves of a phase, or undefined when none has a point. */
export function lossPanel(title: string, curves: readonly LossCurve[]): string | undefined {
  const drawn = curves.filter(({ training, validation }) => training.length + validation.length > 0);
  if (drawn.length === 0) return undefined;
  const all = drawn.flatMap(({ training, validation }) => [...training, ...validation]).map(({ loss }) => loss);
  const logarithmic = Math.min(...all) > 0;
  return draw(`Loss by step: ${title}`, {
    width: 270,
    height: 220,
    marginLeft: 34,
    marginTop: 30,
    marginRight: 12,
    marginBottom: 38,
    x: { label: "step", labelOffset: 36, nice: false, ticks: 4, tickFormat: "~s" },
    y: {
      label: null,
      grid: true,
      type: logarithmic ? "log" : "linear",
      ticks: roundTicks(Math.min(...all), Math.max(...all)),
      tickFormat: (loss: number) => String(Number(loss.toPrecision(3))),
    },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -30, dy: -24, fontSize: 12, fontWeight: 600 }),
      ...drawn.flatMap(({ colour, training, validation }) => [
        Plot.line(training, { x: "step", y: "loss", stroke: colour, strokeWidth: 1, strokeOpacity: 0.5 }),
        Plot.line(validation, { x: "step", y: "loss", stroke: colour, strokeWidth: 2 }),
        ...(validation.length <= 30 ? [Plot.dot(validation, { x: "step", y: "loss", fill: colour, r: 2.5 })] : []),
      ]),
    ],
  });
}

/** Round numbers between `low` and `high`, about `count` of them. */
export function roundTicks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * (raw / power > 5 ? 10 : raw / power > 2 ? 5 : raw / power > 1 ? 2 : 1);
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}
