// Figures of cost: against quality, parameters by method, and time by cell.
import { HEADLINE, measureColumns, type MethodResult, parametersOf, type RunView, valueOf } from "../run/mod.ts";
import { cellLabel, methodColors, methodLabel, orderMethods } from "../methods.ts";
import { PARAMETER_COLORS, parameterPanel, timePanel } from "./figures/cost.ts";
import { frontierPanel, type Offer } from "./figures/frontier.ts";
import type { Figure } from "./figures/plot.ts";
import { methodsOf, tableNamed } from "./results.ts";

/** A way to count what a method costs; undefined where it is not known. */
interface Cost {
  readonly title: string;
  readonly axis: string;
  readonly of: (method: string, results: MethodResult) => number | undefined;
}

/** Mean bits per byte against parameters per token, training and decoding time: one panel for each that is known. */
export function costQualityFigure(view: RunView): Figure | undefined {
  const methods = view.results?.methods ?? {};
  const color = methodColors(methodsOf(view));
  const panels = costsOf(view).flatMap(({ title, axis, of }) => {
    const offers = orderMethods(Object.keys(methods)).flatMap((method): Offer[] => {
      const [loss, cost] = [valueOf(methods[method], HEADLINE), of(method, methods[method]!)];
      if (loss === undefined || cost === undefined || !Number.isFinite(loss) || !(cost >= 0)) return [];
      return [{ label: methodLabel(method), color: color.get(method)!, cost, loss }];
    });
    // Where all cost the same, the figure of the mean says everything.
    return new Set(offers.map(({ cost }) => cost)).size < 2 ? [] : [frontierPanel(title, axis, offers)];
  });
  if (panels.length === 0) return undefined;
  return {
    name: "cost-quality",
    title: "Cost against quality",
    caption:
      "Mean held-out bits per byte against what a method costs; lower and further left is better. The dashed line " +
      "joins the methods that no other beats in both (in bold). Training is what building the method takes beyond the " +
      "models that it starts from.",
    legend: [],
    panels,
  };
}

function costsOf(view: RunView): Cost[] {
  const tokens = new Map(
    (tableNamed(view, "cost")?.rows ?? []).flatMap(({ method, tokens }) =>
      typeof tokens === "number" ? [[String(method), tokens] as const] : []
    ),
  );
  const latency = view.results === null
    ? undefined
    : measureColumns(view.results).find(({ name, devices }) => name === "decoding-latency" && devices.length === 1);
  return [
    {
      title: "Parameters used per token",
      axis: "active parameters",
      of: (_, results) => parametersOf(results)?.active,
    },
    { title: "Training", axis: "tokens trained on", of: (method) => tokens.get(method) },
    ...(latency === undefined ? [] : [{
      title: "Decoding",
      axis: `${latency.title}, measured`,
      of: (_: string, results: MethodResult) => valueOf(results, latency),
    }]),
  ];
}

/** Parameters of every method: in memory, used per token, trained. */
export function parametersFigure(view: RunView): Figure | undefined {
  const methods = view.results?.methods ?? {};
  const counts = orderMethods(Object.keys(methods)).flatMap((method) => {
    const parameters = parametersOf(methods[method]);
    return parameters === undefined ? [] : [{ label: methodLabel(method), ...parameters }];
  });
  if (counts.length === 0) return undefined;
  return {
    name: "parameters",
    title: "Parameters",
    caption:
      "Parameters that a method keeps in memory (total), uses for each token (active), and trains in addition to " +
      "the models that it starts from (trained).",
    legend: Object.entries(PARAMETER_COLORS).map(([label, color]) => ({ label, color })),
    panels: [parameterPanel(counts)],
  };
}

/** Wall-clock time of every cell that has ended. */
export function timeFigure(view: RunView): Figure | undefined {
  const cells = view.cells.filter(({ seconds }) => seconds !== null)
    .map(({ name, seconds, status }) => ({ label: cellLabel(name), seconds: seconds!, cached: status === "cached" }));
  if (cells.length === 0) return undefined;
  return {
    name: "time",
    title: "Time",
    caption: "Wall-clock time of each cell. A cached cell took its time in an earlier run.",
    legend: [],
    panels: [timePanel(cells)],
  };
}
