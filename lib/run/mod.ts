// Runs: experiments made of content-addressed cells, one append-only event log each, and the readers of those logs.
export type {
  CellCheckpoints,
  CellContext,
  CellCost,
  CellDevice,
  CellResult,
  CellRunner,
  CellSpec,
  CheckpointToSave,
  Run,
} from "./cells/cell.ts";
export { type PlannedCell, recordCells } from "./cells/record.ts";
export * from "./events/events.ts";
export * from "./events/results.ts";
export * from "./events/views.ts";
export * from "./view/mod.ts";
export { CAPTURED_FOLDER, type CaptureOptions, captureProvenance, readProvenance } from "./capture/capture.ts";
export { type Provenance, provenanceSchema, type SettingSource } from "./events/provenance.ts";
export { OUTPUT_FILE, teeConsole } from "./capture/console-output.ts";
export { type Alarms, openAlarms } from "./alerts/alarms.ts";
export { canonicalJson } from "./files/canonical.ts";
export { type MayChange, unfinishedRun, type Wanted } from "./cells/continuation.ts";
export { type CachedCell, contentOf, findCell } from "./cells/cell-store.ts";
export type { CodeModule } from "./files/code-version.ts";
export { repositoryRoot } from "./files/repository.ts";
export { sha256, writeTextAtomically } from "./files/files.ts";
export { followEvents, type FollowOptions } from "./log/follow.ts";
export { type LogContents, readEvents, readRun, runFolder, runIds } from "./log/read.ts";
export { readStatus } from "./log/summary.ts";
export { listRuns } from "./catalog/run-list.ts";
export { openRun, type OpenRunOptions, withRun } from "./cells/run.ts";
export { type RunListener } from "./log/run-writer.ts";
export { isRunId, makeRunId } from "./files/run-id.ts";
export { versions } from "./files/versions.ts";
export {
  type ExperimentDefinition,
  type Invocation,
  parseExperimentArguments,
  type Preset,
  type RunInvocation,
} from "./command-line/experiment-arguments.ts";
export { parseWithCommander, readInteger, unknownCommand } from "./command-line/commander.ts";
export { buildConfig } from "./config/config.ts";
export { type ConfigKey, configKeys } from "./config/config-keys.ts";
export { configDifferences, type Difference, diffRuns, type RunDiff } from "./catalog/diff.ts";
export { type IndexUpdate, openForReading, withIndex } from "./catalog/runs-index.ts";
export {
  type Job,
  jobEnd,
  type JobRequest,
  type JobState,
  lastLines,
  type Launcher,
  localLauncher,
  outputFile,
} from "./process/launcher.ts";
export { directClient, isLoopback } from "./process/loopback.ts";
export { endWithParent } from "./process/parent.ts";
export { addLabel, checkLabel, type LabelBody, LABELS_FILE, readLabels } from "./catalog/labels.ts";
export { headline, listFromIndex, type ListOptions, shownName, type SortedRun } from "./catalog/listing.ts";
export { endingOf, runMain } from "./command-line/main-function.ts";
export { readSeeds } from "./config/seeds.ts";
export { type QueryOptions, queryRuns } from "./catalog/query.ts";
export { resolveRun } from "./catalog/resolve-run.ts";
export { defaultRunsFolder } from "./files/runs-folder.ts";
export { runInForeground } from "./process/foreground.ts";
export { currentExperiment, findScript, pathInRepository, scriptArguments } from "./process/script.ts";
export { hearStopsWhileBusy, heedsHangUp, StopError, stopSignal } from "./process/stop.ts";
export * from "./sweep/mod.ts";
export { type TerminalOptions, type TerminalView, terminalView } from "./command-line/terminal.ts";
export { emptyTrash, lastRemoval, restoreLast, trashRuns } from "./catalog/trash.ts";
export { type ArtifactCheck, type Verification, verifyRun } from "./catalog/verify.ts";
export { askToStop } from "./process/ask-to-stop.ts";
export { freeCheckpoints, type FreedCheckpoints } from "./cells/free-checkpoints.ts";
export { lockHolder, writerLives } from "./process/lock.ts";
export { createSweep, planSweep } from "./sweep/create.ts";
export { executeSweep } from "./sweep/execute.ts";
export { sweepJson, sweepSummary } from "./sweep/json.ts";
export { SWEEPS_FOLDER } from "./sweep/log.ts";
export { listSweeps, readSweep, resolveSweep, sweepFolder, sweepIds } from "./sweep/read.ts";
export { missingMetric, statesText, sweepTables, trialText } from "./sweep/table.ts";
export { rankTrials, readMetric, type SweepView, type TrialView } from "./sweep/view.ts";
export { filterRuns } from "./catalog/filter-runs.ts";
export type { QueryRows } from "./catalog/query-messages.ts";
