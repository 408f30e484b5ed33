// All figures of a run.
import {
  type CellView,
  extremes,
  HEADLINE,
  isGateMetric,
  MEAN,
  measureColumns,
  measurementOf,
  type RunView,
  valueOf,
} from "../run/mod.ts";
import { DIFFERENCE_COLORS, differencePanel } from "./figures/differences.ts";
import { type Gate, openPanel, sharePanel } from "./figures/gates.ts";
import { type Line, linesPanel } from "./figures/instability.ts";
import { lossCurve, type LossOptions, lossPanel, MOST_POINTS } from "./figures/loss.ts";
import { BPB_DIGITS, type MatrixCell, matrixPanel } from "./figures/matrix.ts";
import { scorePanel } from "./figures/mean.ts";
import { costQualityFigure, parametersFigure, timeFigure } from "./cost-figures.ts";
import { bestOf } from "./grid.ts";
import { instabilityFigures, isArm, pointsOf } from "./instability.ts";
import type { Figure } from "./figures/plot.ts";
import { cellLabel, expertDomain, methodColors, methodLabel, methodOfModel, orderMethods } from "../methods.ts";
import { gainsFigure, predictedGainsFigure } from "./ranking.ts";
import { refinementFigures } from "./refinement.ts";
import { stitchKindFacts } from "../stitch-kinds.ts";
import { methodsOf, tableNamed } from "./results.ts";

/** Names of the methods and models of a run with their colors: the same in all figures. */
function colors(view: RunView): Map<string, string> {
  return methodColors(methodsOf(view));
}

/**
 * Every figure that the run has data for, in the order of the report, but for those of its curves alone, which pages
 * draw themselves. Where {@linkcode needsAllPoints} says so, the view must have all points of its cells.
 */
export function resultFigures(view: RunView): Figure[] {
  return [
    meanFigure(view),
    matrixFigure(view),
    differencesFigure(view),
    gainsFigure(view),
    predictedGainsFigure([view]),
    ...refinementFigures(view),
    ...instabilityFigures(view),
    gatesFigure(view),
    costQualityFigure(view),
    parametersFigure(view),
    timeFigure(view),
  ].filter((figure) => figure !== undefined);
}

/** Mean bits per byte of every method with its interval. */
export function meanFigure(view: RunView): Figure | undefined {
  const methods = view.results?.methods ?? {};
  const color = colors(view);
  const scores = orderMethods(Object.keys(methods)).flatMap((method) => {
    const made = measurementOf(methods[method], HEADLINE);
    if (made === undefined || !Number.isFinite(made.value)) return [];
    const interval = made.interval === null ? undefined : { low: made.interval[0], high: made.interval[1] };
    return [{ label: methodLabel(method), color: color.get(method)!, value: made.value, interval }];
  });
  if (scores.length === 0) return undefined;
  return {
    name: "mean",
    title: "Mean held-out loss",
    caption: `Bits per byte, averaged over the domains; ${
      scores.some(({ interval }) => interval !== undefined) ? "bars are 95 % intervals, and " : ""
    }the dashed line marks the best method. Further left is better.`,
    legend: [],
    panels: [scorePanel(scores, "mean bits per byte")],
  };
}

/** Models × domains, relative to the seed: from the results or, until there are any, from a table `matrix`. */
export function matrixFigure(view: RunView): Figure | undefined {
  const scores = matrixScores(view);
  if (scores.length === 0) return undefined;
  const models = orderMethods([...new Set(scores.map(({ model }) => model))]);
  const best = new Set(
    [...Map.groupBy(scores, ({ domain }) => domain).values()].flatMap((column) => {
      const marks = bestOf(column.map(({ bpb }) => bpb), "lower", BPB_DIGITS);
      return column.filter((_, at) => marks[at]);
    }),
  );
  const bpbOf = (model: string, domain: string) =>
    scores.find((score) => score.model === model && score.domain === domain)?.bpb;
  const cells = models.flatMap((model) =>
    scores.filter((score) => score.model === model).map((score): MatrixCell => ({
      model: methodLabel(model),
      domain: score.domain,
      bpb: score.bpb,
      seed: bpbOf("seed", score.domain),
      best: best.has(score),
      own: expertDomain(model) === score.domain,
    }))
  );
  return {
    name: "matrix",
    title: "Scores by model and domain",
    caption:
      "Held-out bits per byte of every model on every domain, and the change relative to the seed: green is better, " +
      `red is worse. Bold marks the best of a domain${
        cells.some(({ own }) => own) ? "; a frame marks each expert’s own domain" : ""
      }.`,
    legend: [],
    panels: [matrixPanel(cells)],
  };
}

function matrixScores(view: RunView): { model: string; domain: string; bpb: number }[] {
  if (view.results !== null) {
    const columns = measureColumns(view.results).filter(({ name }) => name === HEADLINE.name);
    return Object.entries(view.results.methods).flatMap(([model, method]) =>
      columns.flatMap((column) => {
        const bpb = valueOf(method, column);
        return bpb === undefined ? [] : [{ model, domain: column.group, bpb }];
      })
    );
  }
  const table = tableNamed(view, "matrix");
  return (table?.rows ?? []).flatMap((row) =>
    Object.entries(row).flatMap(([model, bpb]) =>
      model === "domain" || typeof bpb !== "number" ? [] : [{ model, domain: String(row.domain), bpb }]
    )
  );
}

/** Training and validation loss: one panel for the seed, one for all experts, and one for each other phase. */
export function lossFigure(view: RunView, options: LossOptions = {}): Figure | undefined {
  const colorOf = curveColors(view);
  const curve = (cell: CellView) => lossCurve(methodLabel(cell.name), colorOf(cell), cell, options);
  const hasLoss = ({ metrics }: CellView) => metrics.some(({ values }) => Object.hasOwn(values, "loss"));
  const withLoss = view.cells.filter((cell) => hasLoss(cell) && !isArm(view, cell));
  const experts = withLoss.filter(({ name }) => expertDomain(name) !== undefined);
  const phases = withLoss.flatMap((cell) =>
    !experts.includes(cell)
      ? [{ title: phaseTitle(cell), cells: [cell] }]
      : cell === experts[0]
      ? [{ title: "Experts", cells: experts }]
      : []
  );
  const panels = phases.flatMap(({ title, cells }) => lossPanel(title, cells.map(curve), options) ?? []);
  if (panels.length === 0) return undefined;
  return {
    name: "loss",
    title: "Loss curves",
    caption:
      "Cross-entropy in nats per token: training as a thin line, smoothed by an exponential moving average, with " +
      "the loss of each batch behind it; validation as a thick line with dots. Each expert is validated on its own " +
      "domain, so an expert’s curve compares with its own past, not with other experts.",
    legend: experts.map((cell) => ({ label: methodLabel(cell.name), color: colorOf(cell) })),
    panels,
  };
}

/** The color of a cell's curves: its model's, or else that of the stitched model. */
function curveColors(view: RunView): (cell: CellView) => string {
  const color = colors(view);
  const stitched = color.get("bts") ?? methodColors(["bts"]).get("bts")!;
  return ({ name }) => color.get(name) ?? stitched;
}

/** Every other logged curve: one panel for each metric, with the curves of all cells that have it. */
export function curvesFigure(view: RunView): Figure | undefined {
  const colorOf = curveColors(view);
  const names = new Set(view.cells.flatMap(({ metrics }) => metrics.flatMap(({ values }) => Object.keys(values))));
  for (const shown of LOSSES) names.delete(shown);
  // A figure of their own shows gates as they are in the end.
  for (const name of names) if (isGateMetric(name)) names.delete(name);
  const drawn = new Set<CellView>();
  const panels = [...names].flatMap((name) => {
    const lines = view.cells.flatMap((cell) => {
      const points = extremes(pointsOf(cell, name), ({ value }) => value, MOST_POINTS);
      if (points.length > 0) drawn.add(cell);
      return points.length === 0 ? [] : [{ label: cell.name, color: colorOf(cell), points }];
    });
    return lines.length === 0 ? [] : [linesPanel(name, lines, { log: spansDecades(lines) })];
  });
  if (panels.length === 0) return undefined;
  return {
    name: "curves",
    title: "Other curves",
    caption: "Everything else that was logged by step, for all cells in one panel. Of neighboring steps, the lowest " +
      "and the highest are drawn. Axes are logarithmic where all values are positive and span three decades.",
    legend: [...drawn].map((cell) => ({ label: cellLabel(cell.name), color: colorOf(cell) })),
    panels,
  };
}

/** What {@linkcode lossFigure} shows. */
const LOSSES: readonly string[] = ["loss", "validation"];

function spansDecades(lines: readonly Line[]): boolean {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value));
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) / low >= 1000;
}

const phaseTitle = ({ name, title }: CellView) =>
  name === "seed" ? "Seed" : name === "stitch" ? "Stitches" : title || name;

/** Mean gates by domain, one panel per stitch. Needs a table `gates` (stitch, kind, domain, model, gate). */
export function gatesFigure(view: RunView): Figure | undefined {
  const color = colors(view);
  const methodOf = (model: string) => methodOfModel(model, [...color.keys()]);
  const rows = (tableNamed(view, "gates")?.rows ?? []).flatMap(({ stitch, kind, domain, model, gate }) =>
    typeof gate === "number" && Number.isFinite(gate)
      ? [{ stitch: String(stitch), kind: String(kind), domain: String(domain), model: methodOf(String(model)), gate }]
      : []
  );
  if (rows.length === 0) return undefined;
  const models = orderMethods([...new Set(rows.map(({ model }) => model))]);
  const own = methodColors(models);
  const colorOf = (model: string) => color.get(model) ?? own.get(model)!;
  const panels = [...new Set(rows.map(({ stitch }) => stitch))].map((stitch) => {
    const members = rows.filter((row) => row.stitch === stitch);
    const gates = models.flatMap((model) =>
      members.filter((row) => row.model === model).map(({ domain, gate }): Gate => ({
        domain,
        model,
        gate,
        color: colorOf(model),
      }))
    );
    const kind = stitchKindFacts(members[0]!.kind);
    const title = `${stitch}: ${kind?.title ?? members[0]!.kind}`;
    return kind?.shares ? sharePanel(title, gates) : openPanel(title, gates);
  });
  return {
    name: "gates",
    title: "Mean gates of the stitches",
    caption: "Mean gates on held-out text by domain. Experts into hub: each model’s share of the hub’s new state, in " +
      "percent. Hub into experts: how much of the hub’s state each expert takes in.",
    legend: models.map((model) => ({ label: methodLabel(model), color: colorOf(model) })),
    panels,
  };
}

/**
 * Differences between methods, paired by document: the run's own method against every other, one panel for the mean and
 * one per domain, and each expert against the others on its own domain. Needs a table `comparisons`.
 */
export function differencesFigure(view: RunView): Figure | undefined {
  const rows = (tableNamed(view, "comparisons")?.rows ?? []).flatMap(
    ({ method, against, domain, difference, low, high }) => {
      if (typeof difference !== "number" || !Number.isFinite(difference)) return [];
      const interval = typeof low === "number" && typeof high === "number" ? [low, high] as const : undefined;
      const texts = { method: String(method), against: String(against), domain: String(domain) };
      return [{ ...texts, value: difference, interval }];
    },
  );
  const [own] = rows.filter(({ method }) => expertDomain(method) === undefined);
  if (own === undefined) return undefined;
  const experts = rows.filter(({ method }) => expertDomain(method) !== undefined);
  const panels = (of: typeof rows, titleOf: (row: (typeof rows)[number]) => string) => {
    const inOrder = of.toSorted((a, b) => Number(b.domain === MEAN) - Number(a.domain === MEAN));
    return [...Map.groupBy(inOrder, titleOf)].map(([title, rows]) =>
      differencePanel(title, rows.map((row) => ({ ...row, label: methodLabel(row.against) })))
    );
  };
  const all = [
    ...panels(
      rows.filter(({ method }) => method === own.method),
      ({ domain }) => domain === MEAN ? "mean over domains" : domain,
    ),
    ...panels(experts, ({ method, domain }) => `${methodLabel(method)} on ${domain}`),
  ];
  return {
    name: "differences",
    title: `Differences between ${methodLabel(own.method)} and the others`,
    caption:
      `Held-out bits per byte of ${methodLabel(own.method)} minus those of each other method, paired by document` +
      `${
        experts.length > 0 ? ", and of each expert minus those of the others on its own domain" : ""
      }. Bars are 95 % ` +
      "intervals; left of the line is better.",
    legend: Object.entries(DIFFERENCE_COLORS).map(([label, color]) => ({ label, color })),
    panels: all,
  };
}
