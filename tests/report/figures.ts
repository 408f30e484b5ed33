// All figures of a run, for tests.
import type { RunView } from "../../lib/run/mod.ts";
import { lossFigure, resultFigures } from "../../lib/report/figures.ts";
import type { Figure } from "../../lib/report/figures/plot.ts";

/** Every figure that the run has data for. */
export function runFigures(view: RunView): Figure[] {
  return [...resultFigures(view), ...[lossFigure(view) ?? []].flat()];
}
