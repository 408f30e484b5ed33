// The figures of the instability experiment, from its tables (`outcomes`, `warnings`, `update-ratios`) and its curves.
import type { CellView, RunView } from "../run/mod.ts";
import { GROUP_COLOURS, type Line, linesPanel, ratiosPanel, thinKeepingPeaks } from "./figures/instability.ts";
import type { Figure } from "./figures/plot.ts";
import { PALETTE } from "../methods.ts";
import { tableNamed } from "./results.ts";

/** Steps around a spike that are shown. */
const AROUND = 60;

/** All figures that the run has data for: none for other experiments. */
export function instabilityFigures(view: RunView): Figure[] {
  return [signsFigure(view), ratiosFigure(view), armsFigure(view)].filter((figure) => figure !== undefined);
}

/** Whether a cell is an arm of the experiment, whose loss is drawn here. */
export function isArm(view: RunView, { name }: CellView): boolean {
  return tableNamed(view, "outcomes")?.rows.some(({ arm }) => arm === name) ?? false;
}

/** A metric of a cell as points; what is not finite is left out. */
function pointsOf({ metrics }: CellView, name: string): Line["points"] {
  return metrics.flatMap(({ step, values }) => {
    const value = Object.hasOwn(values, name) ? values[name] : null;
    return typeof value === "number" ? [{ step, value }] : [];
  });
}

/** The loss of every arm, spikes and all. */
function armsFigure(view: RunView): Figure | undefined {
  const curves = view.cells.filter((cell) => isArm(view, cell)).map((cell) => ({
    name: cell.name,
    points: thinKeepingPeaks(pointsOf(cell, "loss").filter(({ value }) => value > 0)),
  })).filter(({ points }) => points.length > 0);
  if (curves.length === 0) return undefined;
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value));
  const domain = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] as const;
  return {
    name: "arms",
    title: "The loss of every arm",
    caption: "Training loss in nats per token, for the first seed; of many neighbouring steps the highest is drawn. " +
      "Steps that were taken back count too.",
    legend: [],
    panels: curves.map(({ name, points }) =>
      linesPanel(name, [{ label: name, colour: PALETTE.blue, points }], { log: true, domain })
    ),
  };
}

/** Loss and bimodality around the first spike of the plain arm. */
function signsFigure(view: RunView): Figure | undefined {
  const spike = Number(tableNamed(view, "warnings")?.rows.find(({ arm }) => arm === "plain")?.spike);
  const cell = view.cells.find(({ name }) => name === "plain");
  if (cell === undefined || !Number.isFinite(spike)) return undefined;
  const near = (points: Line["points"]) => points.filter(({ step }) => Math.abs(step - spike) <= AROUND);
  const groups = Object.keys(GROUP_COLOURS).filter((group) => pointsOf(cell, `${group}/bimodality`).length > 0);
  const loss = near(pointsOf(cell, "loss"));
  const coefficients = groups.map((group) => ({
    label: group,
    colour: GROUP_COLOURS[group]!,
    points: near(pointsOf(cell, `${group}/bimodality`)),
  }));
  if (loss.length < 2 || coefficients.length === 0) return undefined;
  return {
    name: "signs",
    title: "The sign before a spike",
    caption: `Loss, and Sarle’s bimodality coefficient of the update ratio, around step ${spike} of the plain arm ` +
      "(dashed). A bell has 1/3, a uniform distribution 5/9, two peaks go towards 1.",
    legend: coefficients.map(({ label, colour }) => ({ label, colour })),
    panels: [
      linesPanel("Loss", [{ label: "loss", colour: PALETTE.grey, points: loss }], { log: true, mark: spike }),
      linesPanel("Bimodality coefficient", coefficients, { domain: [0, 1], mark: spike }),
    ],
  };
}

/** Histograms of the update ratio before, at and after the first spike of the plain arm. */
function ratiosFigure(view: RunView): Figure | undefined {
  const table = tableNamed(view, "update-ratios");
  if (table === undefined) return undefined;
  const columns = table.columns.filter(({ key }) => key !== "u");
  const moments = [...new Set(columns.map(({ key }) => key.split(" ")[0]!))];
  const bins = (moment: string) =>
    columns.filter(({ key }) => key.startsWith(`${moment} `)).flatMap(({ key }) =>
      table.rows.map((row) => ({ u: Number(row["u"]), group: key.split(" ")[1]!, share: Number(row[key]) }))
    );
  const groups = [...new Set(columns.map(({ key }) => key.split(" ")[1]!))];
  // A calm update is one high peak at 0; cut off there, the peaks of the others can be seen.
  const highest = 0.4;
  return {
    name: "update-ratios",
    title: "The update ratio around a spike",
    caption: `${table.title}. One bell around 0 while training is calm; two peaks come before the loss rises. ` +
      "What is higher than the frame is cut off.",
    legend: groups.map((group) => ({ label: group, colour: GROUP_COLOURS[group] ?? PALETTE.grey })),
    panels: moments.map((moment) => {
      const title = columns.find(({ key }) => key.startsWith(`${moment} `))!.title.replace(/^[^,]*, /, "");
      return ratiosPanel(title, bins(moment).map((bin) => ({ ...bin, share: Math.min(bin.share, highest) })), highest);
    }),
  };
}
