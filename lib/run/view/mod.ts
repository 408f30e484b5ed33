// A run as pure data: the fold of its events into a view, and texts about it. Nothing here imports from Deno, Node or
// packages, because the browser loads these files.
export {
  codeText,
  leftOutLines,
  machineText,
  markedSettings,
  provenanceFacts,
  SOURCE_NAMES,
} from "./provenance-text.ts";
export { numberColumn, textColumn } from "./columns.ts";
export { decimalsFor } from "./decimals.ts";
export { endReason } from "./end-reason.ts";
export { withEvaluations } from "./evaluations.ts";
export { jobText } from "./job-text.ts";
export { fitTable, type Spare } from "./fit-table.ts";
export { gateMetric, isGateMetric, latestGates, type LoggedGate } from "./gate-metrics.ts";
export { type CellGraph, cellGraph, type GraphNode } from "./graph.ts";
export { formatTable, padEnd, resultColumns, resultRow, resultsTable, resultsTitle } from "./format-table.ts";
export { type Importance, importanceOf, type ScoredTrial } from "./importance.ts";
export { jsonLine, printable, printableLines } from "./printable.ts";
export {
  columnsByTable,
  directionText,
  HEADLINE,
  headlineOn,
  headlines,
  isOverall,
  isPercent,
  MEAN,
  type MeasureColumn,
  measureColumns,
  type MeasuredParameters,
  measurementOf,
  parametersOf,
  placeName,
  reproducible,
  shownValue,
  summaryColumns,
  summaryHeading,
  valueOf,
} from "./measures.ts";
export {
  AGGREGATES,
  type Direction,
  directionInOldLog,
  higherResults,
  type Metric,
  metricNames,
  parseMetric,
  pickMetric,
  VALUE_DIGITS,
  valuesOf,
} from "./metrics.ts";
export { branchesExperts, hasStitches } from "./models.ts";
export { MOST_COMPARED } from "./most-compared.ts";
export { countsSteps, formatSeconds, progressLine } from "./progress.ts";
export { KEPT_POINTS, recentPoints, withRecentPoints } from "./recent-points.ts";
export { checkFilter, FIELDS, type FilterTerm, flatSettings, matchesFilter, parseFilter } from "./run-filter.ts";
export { optionValues, overridesOf, shellLine } from "./shell-line.ts";
export { movingAverage, smoothed, smoothingWeight } from "./smoothing.ts";
export { DEFAULT_VIEW, type Grouping, GROUPINGS, parseTableView, tableQuery, type TableView } from "./table-view.ts";
export { type ParallelCoordinates, parallelCoordinates, type TrialLine } from "./sweep-axes.ts";
export { takeSeries } from "./take-series.ts";
export {
  ASSUMED_EFFICIENCY,
  estimatedSeconds,
  fastestTokensPerSecond,
  LAYERS_PER_CELL,
  runSecondsLeft,
  secondsLeft,
  shareDone,
} from "./time-left.ts";
export { logTicks, roundTicks } from "./ticks.ts";
export {
  applyEvent,
  damagedView,
  finishedCells,
  foldEvents,
  isUnderWay,
  seedOf,
  shownStatus,
  validUpTo,
} from "./view.ts";
export type { AxisName, CellSeries, Series, SeriesNames } from "../events/series.ts";
export type { CellStatus, CellView, MetricPoint, RunStatus, RunView } from "../events/views.ts";
