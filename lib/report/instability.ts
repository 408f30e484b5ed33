// The figures of the instability experiment, from its tables (`outcomes`, `warnings`, `update-ratios`) and its curves.
import type { CellView, RunView } from "../run/mod.ts";
import { GROUP_COLORS, type Line, linesPanel, ratiosPanel, thinKeepingPeaks } from "./figures/instability.ts";
import type { Figure } from "./figures/plot.ts";
import { PALETTE } from "../methods.ts";
import { tableNamed } from "./results.ts";

/** Steps shown before and after a spike. */
const AROUND = 60;

/** All figures that the run has data for; none for other experiments. */
export function instabilityFigures(view: RunView): Figure[] {
  return [signsFigure(view), ratiosFigure(view), armsFigure(view)].filter((figure) => figure !== undefined);
}

/** Whether figures of the run are drawn from its curves: its recent points are then too few for them. */
export function needsAllPoints(view: RunView): boolean {
  return ["outcomes", "warnings"].some((name) => tableNamed(view, name) !== undefined);
}

/** Whether a cell is an arm of the experiment, whose loss these figures show. */
export function isArm(view: RunView, { name }: CellView): boolean {
  return tableNamed(view, "outcomes")?.rows.some(({ arm }) => arm === name) ?? false;
}

/** A metric of a cell as points, without values that are not finite. */
export function pointsOf({ metrics }: CellView, name: string): Line["points"] {
  return metrics.flatMap(({ step, values }) => {
    const value = Object.hasOwn(values, name) ? values[name] : null;
    return typeof value === "number" ? [{ step, value }] : [];
  });
}

/** The loss of every arm, including its spikes. */
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
    title: "Loss of every arm",
    caption: "Training loss in nats per token, for the first seed. Of neighboring steps, the highest is drawn. Steps " +
      "that were later undone are included.",
    legend: [],
    panels: curves.map(({ name, points }) =>
      linesPanel(name, [{ label: name, color: PALETTE.blue, points }], { log: true, domain })
    ),
  };
}

/** Loss and bimodality around the first spike of the plain arm. */
function signsFigure(view: RunView): Figure | undefined {
  const spike = Number(tableNamed(view, "warnings")?.rows.find(({ arm }) => arm === "plain")?.spike);
  const cell = view.cells.find(({ name }) => name === "plain");
  if (cell === undefined || !Number.isFinite(spike)) return undefined;
  const near = (points: Line["points"]) => points.filter(({ step }) => Math.abs(step - spike) <= AROUND);
  const groups = Object.keys(GROUP_COLORS).filter((group) => pointsOf(cell, `${group}/bimodality`).length > 0);
  const loss = near(pointsOf(cell, "loss"));
  const coefficients = groups.map((group) => ({
    label: group,
    color: GROUP_COLORS[group]!,
    points: near(pointsOf(cell, `${group}/bimodality`)),
  }));
  if (loss.length < 2 || coefficients.length === 0) return undefined;
  return {
    name: "signs",
    title: "The warning sign before a spike",
    caption: `Loss, and Sarle’s bimodality coefficient of the update ratio, around step ${spike} of the plain arm ` +
      "(dashed). It is 1/3 for a normal distribution and 5/9 for a uniform one, and approaches 1 for two peaks.",
    legend: coefficients.map(({ label, color }) => ({ label, color })),
    panels: [
      linesPanel("Loss", [{ label: "loss", color: PALETTE.gray, points: loss }], { log: true, mark: spike }),
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
  // Calm training has one high peak at 0; it is cut off so that the peaks of the others are visible.
  const highest = 0.4;
  return {
    name: "update-ratios",
    title: "Update ratio around a spike",
    caption:
      `${table.title}. While training is calm, there is one peak around 0; two peaks appear before the loss rises. ` +
      "Values above the frame are cut off.",
    legend: groups.map((group) => ({ label: group, color: GROUP_COLORS[group] ?? PALETTE.gray })),
    panels: moments.map((moment) => {
      const title = columns.find(({ key }) => key.startsWith(`${moment} `))!.title.replace(/^[^,]*, /, "");
      return ratiosPanel(title, bins(moment).map((bin) => ({ ...bin, share: Math.min(bin.share, highest) })), highest);
    }),
  };
}
