// Runs: experiments made of content-addressed cells, one append-only event log each, and the readers of those logs.
//
// The folders in order; each imports only from those above it:
//   events        schemas of everything that is stored or shown: log, provenance, views
//   view          the fold of events into views, and texts about them; pure, the browser loads it
//   files         files, folders, hashes, ids, versions
//   process       locks, signals, scripts, jobs
//   log           writing and reading the event log of one run
//   series        points of curves as columns, thinned for charts
//   fold          what a log says, kept beside it and in memory
//   config        settings from presets, files and --set
//   cells         cells, their cache and checkpoints, and the run that they are built in
//   alerts        stalls, full disks, and the webhook
//   paired        what documents and questions cost each model, and differences paired by them
//   capture       recording provenance and console output
//   catalog       all runs: index, lists, queries, names, trash, comparison, verification
//   command-line  arguments of experiments, terminal output, exit codes
//   sweep         many runs that vary settings
export {
  type Column,
  type EventBody,
  eventSchema,
  type JobPlace,
  type RunEvent,
  type Speed,
  type Table,
} from "./events/events.ts";
export type { Evaluation } from "./events/evaluations.ts";
export { type Provenance, provenanceSchema } from "./events/provenance.ts";
export {
  type Estimate,
  type MeasureInfo,
  type Measurement,
  measureSchema,
  type MethodResult,
  methodResultSchema,
  type RunResults,
  runResultsSchema,
} from "./events/results.ts";
export {
  type CellView,
  type Labels,
  labelsSchema,
  type ListedRun,
  listedRunSchema,
  logDamageSchema,
  type MetricPoint,
  type RunStatus,
  runStatusSchema,
  type RunView,
  runViewSchema,
} from "./events/views.ts";
export {
  type AxisName,
  axisSchema,
  type CellSeries,
  cellSeriesSchema,
  type Series,
  type SeriesNames,
  seriesNamesSchema,
} from "./events/series.ts";
export {
  applyEvent,
  ASSUMED_EFFICIENCY,
  codeText,
  columnsByTable,
  decimalsFor,
  type Direction,
  directionText,
  endReason,
  estimatedSeconds,
  fitTable,
  foldEvents,
  formatSeconds,
  formatTable,
  gateMetric,
  HEADLINE,
  headlineOn,
  headlines,
  isGateMetric,
  isOverall,
  isPercent,
  isUnderWay,
  jobText,
  jsonLine,
  LAYERS_PER_CELL,
  leftOutLines,
  machineText,
  markedSettings,
  MEAN,
  type MeasureColumn,
  measureColumns,
  type MeasuredParameters,
  measurementOf,
  MOST_COMPARED,
  numberColumn,
  optionValues,
  type ParallelCoordinates,
  parallelCoordinates,
  parametersOf,
  parseTableView,
  pickMetric,
  placeName,
  printable,
  printableLines,
  reproducible,
  resultColumns,
  resultRow,
  resultsTable,
  resultsTitle,
  roundTicks,
  seedOf,
  shellLine,
  shownStatus,
  shownValue,
  smoothed,
  smoothingWeight,
  SOURCE_NAMES,
  type Spare,
  summaryColumns,
  summaryHeading,
  tableQuery,
  type TableView,
  takeSeries,
  textColumn,
  type TrialLine,
  valueOf,
  withRecentPoints,
} from "./view/mod.ts";
export { type CodeModule, codeOf } from "./files/code-version.ts";
export { sha256OfFile, writeTextAtomically } from "./files/files.ts";
export { parseJsonLines } from "./files/json-lines.ts";
export { checkKeptFiles, folderThatFits, type KeptFile, type KeptLines, openKeptLines } from "./files/kept-lines.ts";
export { repositoryRoot } from "./files/repository.ts";
export { makeRunId } from "./files/run-id.ts";
export { defaultRunsFolder, homeFolder } from "./files/runs-folder.ts";
export { versions } from "./files/versions.ts";
export { askToStop, stopAndWait } from "./process/ask-to-stop.ts";
export { runInForeground } from "./process/foreground.ts";
export { jobEnd, lastLines, type Launcher, localLauncher, outputFile } from "./process/launcher.ts";
export { type Lock, LOCK_FILE, lockHolder, tryTakeLock, writerLives } from "./process/lock.ts";
export { directClient, isLoopback } from "./process/loopback.ts";
export { endWithParent } from "./process/parent.ts";
export { currentExperiment, findScript, scriptArguments } from "./process/script.ts";
export { hearStopsWhileBusy, stopSignal } from "./process/stop.ts";
export { withoutOptions } from "./process/without-options.ts";
export { addEvaluation, EVALUATIONS_FILE, readEvaluations } from "./log/evaluations.ts";
export { followEvents, followLog } from "./log/follow.ts";
export { linkTo, type PageAddress, readPageAddress, TOKEN_PARAMETER, writePageAddress } from "./log/page-address.ts";
export { encodeLine } from "./log/log-line.ts";
export { readEvents, readRun, runFolder, runIds } from "./log/read.ts";
export type { RunListener } from "./log/run-writer.ts";
export { CSV_HEADER, pointsCsv } from "./series/csv.ts";
export { placesInCell } from "./series/places.ts";
export { countSeries, seriesNames, seriesOf, type SeriesQuery } from "./series/series.ts";
export { extremes } from "./series/thin.ts";
export { createFoldStore, type FoldStore } from "./fold/fold-store.ts";
export { type FoldKeeper, foldKeeper } from "./fold/fold-keeper.ts";
export { foldLogs } from "./fold/fold-logs.ts";
export { foldLog } from "./fold/kept-fold.ts";
export { buildConfig, configOrigins } from "./config/config.ts";
export { type SchemaNode, typeInWords } from "./config/config-keys.ts";
export { readValue } from "./config/config-value.ts";
export { type DependentDefaults, withDependentDefaults } from "./config/dependent-defaults.ts";
export { configDifferences, type Difference } from "./config/differences.ts";
export { readSeeds } from "./config/seeds.ts";
export { type ArtifactFile, artifactFile } from "./cells/artifact-file.ts";
export { contentOf, findCell } from "./cells/cell-store.ts";
export type {
  CellCheckpoints,
  CellContext,
  CellCost,
  CellDevice,
  CellResult,
  CellRunner,
  MissingCell,
  PlannedCell,
  Run,
} from "./cells/cell.ts";
export { unfinishedRun, type Wanted } from "./cells/continuation.ts";
export { freeCheckpoints, type FreedCheckpoints } from "./cells/free-checkpoints.ts";
export { type LoneCellOptions, runLoneCell } from "./cells/lone-cell.ts";
export { recordCells } from "./cells/record.ts";
export { beginRun, type BeginRunOptions, withRun } from "./cells/run.ts";
export {
  bootstrapBitsPerByte,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
  effectiveDocuments,
  enoughDocuments,
  FEWEST_DOCUMENTS,
  pairedDifference,
  pairedShareDifference,
  shareInterval,
} from "./paired/intervals.ts";
export {
  ANSWERS_FILE,
  type KeptScores,
  LOSSES_FILE,
  MEASURED_ON_FILE,
  type MeasuredOn,
  measuredOnSchema,
  readScores,
} from "./paired/kept-scores.ts";
export type { PairedDifference } from "./paired/differences.ts";
export { openAlarms } from "./alerts/alarms.ts";
export { CAPTURED_FOLDER, captureProvenance, readProvenance } from "./capture/capture.ts";
export { OUTPUT_FILE, teeConsole } from "./capture/console-output.ts";
export { readUsage, type UsageSample, usageSampleSchema, watchUsage } from "./capture/usage.ts";
export {
  compareCells,
  type Compared,
  comparedCells,
  type ComparedColumn,
  type ComparedRow,
  compareRuns,
} from "./catalog/compare.ts";
export { compareResultsAside } from "./catalog/compare-aside.ts";
export {
  type ComparedDifference,
  type ComparedResult,
  type ComparedResults,
  compareResults,
} from "./catalog/compare-results.ts";
export { diffRuns, type RunDiff } from "./catalog/diff.ts";
export { addLabel, checkLabel, type LabelBody, readLabels, sweepOf } from "./catalog/labels.ts";
export {
  keepPrompt,
  type KeptPrompt,
  keptPromptSchema,
  type Prompt,
  promptSchema,
  readPrompts,
} from "./catalog/prompts.ts";
export { headline, listFromIndex, type ListOptions, shownName, type SortedRun } from "./catalog/listing.ts";
export { runsTable } from "./catalog/list-table.ts";
export type { QueryRows } from "./catalog/query-messages.ts";
export { queryRuns } from "./catalog/query.ts";
export {
  type AboutReport,
  listReports,
  reportFolder,
  REPORTS_FOLDER,
  type SharedReport,
  writeAboutReport,
} from "./catalog/reports.ts";
export { matchingIds, tableIds, tableNames, tableWindow } from "./catalog/run-table.ts";
export { type TableData, type TableReader, tableReader } from "./catalog/table-data.ts";
export {
  type TableCell,
  type TableColumn,
  type TableRow,
  tableRowSchema,
  type TableWindow,
  tableWindowSchema,
} from "./catalog/table-rows.ts";
export { resolveRun } from "./catalog/resolve-run.ts";
export { idsByStart, listRuns } from "./catalog/run-list.ts";
export { withIndex } from "./catalog/runs-index.ts";
export {
  emptyTrash,
  lastRemoval,
  listRemovals,
  type Removal,
  restore,
  restoreLast,
  trashRuns,
} from "./catalog/trash.ts";
export { type Verification, verifyRun } from "./catalog/verify.ts";
export {
  checkEngine,
  engineArguments,
  type EngineName,
  engineOption,
  type EngineSetting,
  takeEngineSettings,
} from "./command-line/engine-settings.ts";
export { parseWithCommander, readInteger, readNumber, unknownCommand } from "./command-line/commander.ts";
export {
  type ExperimentDefinition,
  parseExperimentArguments,
  presetNamed,
  type RunInvocation,
} from "./command-line/experiment-arguments.ts";
export { runMain } from "./command-line/main-function.ts";
export { type TerminalView, terminalView } from "./command-line/terminal.ts";
export { answerTrialCheck, CHECK_OPTION, type CheckedExperiment } from "./sweep/check.ts";
export { createSweep, type NewSweep, planSweep } from "./sweep/create.ts";
export type { DeclaredMetrics } from "./sweep/declared.ts";
export { executeSweep } from "./sweep/execute.ts";
export { type SweepJson, sweepJson, type SweepSummary, sweepSummary } from "./sweep/json.ts";
export { SWEEPS_FOLDER } from "./sweep/log.ts";
export { listSweeps, readSweep, resolveSweep, sweepFolder } from "./sweep/read.ts";
export { missingMetric, statesText, sweepTables, trialText } from "./sweep/table.ts";
export {
  rankedTrialSchema,
  type Ranking,
  rankTrials,
  readMetric,
  type SweepView,
  type TrialView,
} from "./sweep/view.ts";
export type {
  AxisSchema,
  CellSeriesSchema,
  EventSchema,
  KeptPromptSchema,
  LabelsSchema,
  ListedRunSchema,
  LogDamageSchema,
  MeasuredOnSchema,
  MeasureSchema,
  MethodResultSchema,
  PromptSchema,
  ProvenanceSchema,
  RankedTrialSchema,
  RunResultsSchema,
  RunStatusSchema,
  RunViewSchema,
  SeriesNamesSchema,
  TableColumnSchema,
  TableRowSchema,
  TableWindowSchema,
  UsageSampleSchema,
} from "./inferred-types.ts";
