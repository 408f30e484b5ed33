// Reports: what one run, several seeds or a sweep show, as pages, Markdown, figures and tables.
export { caveat, claims, headline } from "./claims.ts";
export { type MeasuredCost, methodCostTable } from "./cost-table.ts";
export { escapeHtml, escapeMarkdown, fenced } from "./escape.ts";
export {
  differencesFigure,
  gatesFigure,
  lossFigure,
  matrixFigure,
  meanFigure,
  parametersFigure,
  resultFigures,
  timeFigure,
} from "./figures.ts";
export { comparedLossFigure } from "./compared.ts";
export { figureImage } from "./figures/figure-image.ts";
export { type Line, linesPanel } from "./figures/instability.ts";
export type { LossOptions } from "./figures/loss.ts";
export { figureHtml } from "./figures/figure-html.ts";
export { panelImage } from "./figures/panel-image.ts";
export { draw, type Figure, labelRoom } from "./figures/plot.ts";
export { byteSize, compact, duration, fixed } from "./format.ts";
export { type Grid, gridHtml, gridMarkdown, gridOf } from "./grid.ts";
export { reportMarkdown } from "./markdown.ts";
export { reportHtml } from "./page.ts";
export type { AboutRun } from "./provenance.ts";
export { type EvaluatedRun, keepEvaluations, type NewEvaluation } from "./keep-evaluation.ts";
export { sequentialTokensFigure, totalTokensFigure } from "./refinement.ts";
export { measureGrids, tableNamed } from "./results.ts";
export { hasInterval, seedsBasis, seedsTable } from "./seeds.ts";
export { seedsGrids, writeSeedsReport } from "./seeds-report.ts";
export { meanInterval } from "../statistics.ts";
export { meanShareInterval } from "./statistics.ts";
export { END_OF_TEXT, type GateSegment, type GateTrace, type GateTrack, tokenGatesHtml } from "./token-gates.ts";
export { writeSweepReport } from "./sweep.ts";
export { visibleDigits } from "./wording.ts";
export { writeReport } from "./write.ts";
