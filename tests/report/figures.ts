// All figures of a run, for tests.
import type { RunView } from "../../lib/run/mod.ts";
import {
  gatesFigure,
  lossFigure,
  matrixFigure,
  meanFigure,
  parametersFigure,
  timeFigure,
} from "../../lib/report/figures.ts";
import type { Figure } from "../../lib/report/figures/plot.ts";
import { instabilityFigures } from "../../lib/report/instability.ts";

/** Every figure that the run has data for, in the order of the report. */
export function runFigures(view: RunView): Figure[] {
  return [
    meanFigure(view),
    matrixFigure(view),
    lossFigure(view),
    gatesFigure(view),
    parametersFigure(view),
    ...instabilityFigures(view),
    timeFigure(view),
  ]
    .filter((figure): figure is Figure => figure !== undefined);
}
