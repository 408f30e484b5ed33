// What a chart says in words: for people who cannot see it, and what it leaves out. Pure.
import { smoothingWeight } from "../../../run/view/mod.ts";
import type { AxisName, SeriesNames } from "../../../run/view/mod.ts";
import { placeText, valueText } from "./axis.ts";
import { isMeasured, isSteady } from "./choices.ts";
import type { Curve, RunSeries } from "./curves.ts";
import { type Drawing, valueNear } from "./lines.ts";
import type { Range } from "./source.ts";
import type { ChartSettings } from "./settings.ts";

/** The largest weight of the moving average: over about a thousand points. */
export const MOST_SMOOTH = 0.999;

/** The weight of the moving average that suits the number of points that the metrics will have; 0 if none is noisy. */
export function autoWeight(names: readonly SeriesNames[], chosen: readonly string[]): number {
  const expected = names.flatMap(({ steps, metrics }) =>
    metrics.filter(({ name }) => chosen.includes(name) && !isMeasured(name) && !isSteady(name))
      .map(({ points, step }) => step > 0 ? points * Math.max(1, (steps ?? step) / step) : points)
  );
  if (expected.length === 0) return 0;
  return Math.min(MOST_SMOOTH, Number(smoothingWeight(Math.max(...expected)).toFixed(3)));
}

/** `step 1,200`, `1.2M tokens`, `2 min 05 s`. */
export function axisText(x: AxisName, place: number): string {
  const text = placeText(x, place);
  return x === "step" ? `step ${text}` : x === "time" ? text : `${text} ${x === "flops" ? "FLOPs" : "tokens"}`;
}

/** What a chart shows, in a sentence. */
export function describe(
  title: string,
  curves: readonly Curve[],
  { x, lines }: Drawing,
  { x: axis, log }: Pick<ChartSettings, "x" | "log">,
  zoom: Range | undefined,
): string {
  const last = x.at(-1);
  if (last === undefined) return `${title}: no points`;
  const total = axis === "step" ? Math.max(0, ...curves.map(({ steps }) => steps ?? 0)) : 0;
  const named = lines.filter(({ faint }) => !faint).slice(0, 12);
  const latest = named.map(({ curve, values }) =>
    `${curve.label} ${valueText(values.findLast((value) => value !== undefined))}`
  );
  const end = `curves up to ${axisText(axis, last)}${total > 0 ? ` of ${total.toLocaleString("en")}` : ""}`;
  const part = zoom && `zoomed to ${axisText(axis, zoom[0])} to ${placeText(axis, zoom[1])}`;
  return `${title}: ${part ?? end}${log ? ", logarithmic" : ""}; latest: ${latest.join(", ")}`;
}

/** The values at a place, for people who move along the curves by keys. */
export function spokenText(drawing: Drawing, x: AxisName, place: number): string {
  const values = drawing.lines.filter(({ faint }) => !faint).slice(0, 12).flatMap((line) => {
    const near = valueNear(drawing, line, place);
    return near === undefined ? [] : [`${line.curve.label} ${valueText(near.value)}`];
  });
  return `${axisText(x, place)}: ${values.join(", ")}`;
}

/** What a chart leaves out, and what went wrong; empty if nothing. */
export function notesText(
  { masked, broken }: Drawing,
  data: readonly RunSeries[],
  curves: readonly Curve[],
  { x, log }: Pick<ChartSettings, "x" | "log">,
  trouble: string | undefined,
): string {
  const points = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "point" : "points"}`;
  const all = data.flatMap(({ cells }) => cells.flatMap(({ series }) => series)).length;
  const missing = all - curves.length;
  return [
    ...(trouble === undefined ? [] : [trouble]),
    ...(masked === 0
      ? []
      : [`${points(masked)} at or below 0 ${masked === 1 ? "is" : "are"} not on the logarithmic axis`]),
    ...(broken === 0 ? [] : [`${points(broken)} ${broken === 1 ? "is" : "are"} not finite; the line is broken there`]),
    ...(missing === 0 ? [] : [`${missing} ${missing === 1 ? "curve has" : "curves have"} no ${x} in the log`]),
    ...(log && all > 0 && curves.length > 0 && masked > 0 && masked === pointsOf(curves)
      ? ["There is nothing to show"]
      : []),
  ].join(". ");
}

const pointsOf = (curves: readonly Curve[]) => curves.reduce((sum, { series }) => sum + series.points, 0);
