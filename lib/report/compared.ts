// The loss curves of several runs on top of one another.
import { cellLabel, PALETTE } from "../methods.ts";
import type { CellView, RunView } from "../run/mod.ts";
import { lossCurve, type LossOptions, lossPanel } from "./figures/loss.ts";
import type { Figure } from "./figures/plot.ts";

/** Colors of runs, which are not those of methods: a run is no model. */
const COLORS = Object.values(PALETTE).filter((color) => color !== PALETTE.gray);

/**
 * The losses of several runs: a panel for each cell that any of them trained, with a line for each run.
 *
 * @param names of the runs, in their order
 * @returns undefined if none has logged a loss
 */
export function comparedLossFigure(
  views: readonly RunView[],
  names: readonly string[],
  options: LossOptions = {},
): Figure | undefined {
  const colorOf = (at: number) => COLORS[at % COLORS.length]!;
  const curves = views.flatMap((view, at) =>
    view.cells.filter(hasLoss).map((cell) => ({ cell, curve: lossCurve(names[at]!, colorOf(at), cell, options) }))
  );
  const panels = [...Map.groupBy(curves, ({ cell }) => cell.name)].flatMap(([name, own]) =>
    lossPanel(cellLabel(name), own.map(({ curve }) => curve), options) ?? []
  );
  if (panels.length === 0) return undefined;
  return {
    name: "compared-loss",
    title: "Loss of the runs",
    caption: "Cross-entropy in nats per token: training as a thin line, smoothed, with the loss of each batch behind " +
      "it; validation as a thick line with dots.",
    legend: names.map((label, at) => ({ label, color: colorOf(at) })),
    panels,
  };
}

const hasLoss = ({ metrics }: CellView) => metrics.some(({ values }) => Object.hasOwn(values, "loss"));
