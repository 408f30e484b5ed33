// Reports: what a run or several seeds of it show, as a page, as Markdown, as figures and tables.
export { caveat, type Claim, claims, compare, type Comparison, headline, sentence } from "./claims.ts";
export { type MeasuredCost, methodCostTable } from "./cost-table.ts";
export { escapeHtml, escapeMarkdown } from "./escape.ts";
export {
  figureHtml,
  gatesFigure,
  lossFigure,
  matrixFigure,
  meanFigure,
  parametersFigure,
  runFigures,
  timeFigure,
} from "./figures.ts";
export type { Figure } from "./figures/plot.ts";
export { byteSize, compact, duration, fixed } from "./format.ts";
export { type Grid, type GridCell, gridHtml, gridMarkdown, gridOf } from "./grid.ts";
export { reportMarkdown } from "./markdown.ts";
export { reportHtml } from "./page.ts";
export { bpbGrid, parameterGrid, tableNamed, taskGrid } from "./results.ts";
export { hasInterval, seedsBasis, type SeedsScore, type SeedsSummary, seedsSummary, seedsTable } from "./seeds.ts";
export { seedsClaims } from "./seeds-claims.ts";
export { seedsGrids, seedsHtml, seedsMarkdown, seedsMeanFigure, writeSeedsReport } from "./seeds-report.ts";
export { type MeanInterval, meanInterval } from "./statistics.ts";
export { pageShell } from "./shell.ts";
export { END_OF_TEXT, type GateSegment, type GateTrace, type GateTrack, tokenGatesHtml } from "./token-gates.ts";
export { sweepFigure, sweepHtml, sweepMarkdown, writeSweepReport } from "./sweep.ts";
export { visibleDigits } from "./wording.ts";
export { writeReport } from "./write.ts";
