// What a run is, as pure data: events, their fold into a view, and texts about them. No imports from Deno or Node, so
// that the browser loads it too.
export { codeText, leftOutLines, machineText, madeFacts, markedSettings, SOURCE_NAMES } from "./captured-text.ts";
export { endingText } from "./ending.ts";
export { formatTable, printable, resultsTable } from "./format-table.ts";
export { HOWS, isTask, type Metric, metricNames, parseMetric, pickMetric, VALUE_DIGITS, valuesOf } from "./metrics.ts";
export { countsSteps, formatSeconds, progressLine } from "./progress.ts";
export { shellLine } from "./shell-line.ts";
export { parallelCoordinates } from "./sweep-axes.ts";
export {
  applyEvent,
  type CellView,
  finishedCells,
  foldEvents,
  isUnderWay,
  type MetricPoint,
  type RunStatus,
  type RunView,
} from "./view.ts";
