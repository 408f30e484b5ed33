// Figures of the report as images.
import { UserError } from "../../errors.ts";
import {
  costQualityFigure,
  differencesFigure,
  type Figure,
  figureImage,
  gatesFigure,
  lossFigure,
  type LossOptions,
  matrixFigure,
  meanFigure,
  parametersFigure,
  sequentialTokensFigure,
  timeFigure,
  totalTokensFigure,
} from "../../report/mod.ts";
import type { RunView } from "../../run/mod.ts";
import type { MediaBundle } from "../display.ts";

const FIGURES = {
  mean: meanFigure,
  matrix: matrixFigure,
  differences: differencesFigure,
  loss: lossFigure,
  gates: gatesFigure,
  "cost-quality": costQualityFigure,
  parameters: parametersFigure,
  time: timeFigure,
  "refinement-total": totalTokensFigure,
  "refinement-sequential": sequentialTokensFigure,
} as const;

/** Names of the figures that a run can show. */
export type FigureName = keyof typeof FIGURES;

/** The figures that a run has logged something for, by name. */
export function shownFigures(view: RunView): [name: FigureName, figure: Figure][] {
  return Object.entries(FIGURES).flatMap(([name, draw]) => {
    const figure: Figure | undefined = draw(view);
    return figure === undefined ? [] : [[name as FigureName, figure]];
  });
}

/** How curves are drawn: only the figure `loss` has any. */
export type CurveOptions = Pick<LossOptions, "smooth" | "log" | "x">;

const AXES = ["step", "tokens", "flops", "time"];

/**
 * One figure of a run.
 *
 * @throws UserError `notebook.figure` for an unknown name or options that the figure does not have, `notebook.no-figure`
 *   when the run has no data for it
 */
export function runFigure(view: RunView, name: FigureName, options: CurveOptions = {}): Figure {
  if (!Object.hasOwn(FIGURES, name)) {
    throw new UserError(
      "notebook.figure",
      `There is no figure "${name}": the figures are ${Object.keys(FIGURES).join(", ")}`,
    );
  }
  checkCurveOptions(options);
  const given = Object.keys(options);
  if (name !== "loss" && given.length > 0) {
    throw new UserError(
      "notebook.figure",
      `The figure "${name}" has no curves, so it has no ${given.join(", ")}: leave out the options`,
    );
  }
  const figure: Figure | undefined = name === "loss" ? lossFigure(view, options) : FIGURES[name](view);
  if (figure !== undefined) return figure;
  const axis = options.x === undefined ? "" : ` over ${options.x}`;
  throw new UserError(
    "notebook.no-figure",
    `Run ${view.id} (${view.status}) has logged nothing for the figure "${name}"${axis}`,
  );
}

/** @throws UserError `notebook.figure` for a smoothing or an axis that there is not */
export function checkCurveOptions({ smooth, x }: CurveOptions): void {
  if (smooth !== undefined && !(smooth >= 0 && smooth < 1)) {
    throw new UserError("notebook.figure", `smooth must be at least 0 and below 1, not ${smooth}`);
  }
  if (x !== undefined && !AXES.includes(x)) {
    throw new UserError("notebook.figure", `There is no axis "${x}": the axes are ${AXES.join(", ")}`);
  }
}

/** A figure as an image, which GitHub shows, too. */
export function figureBundle(figure: Figure): MediaBundle {
  return { "image/svg+xml": figureImage(figure), "text/plain": `${figure.title}. ${figure.caption}` };
}
