// Runs: experiments made of content-addressed cells, one append-only event log each, and the readers of those logs.
export type { CellCheckpoints, CellContext, CellResult, CellSpec, CheckpointToSave, Run } from "./cell.ts";
export * from "./events.ts";
export * from "./view.ts";
export { CAPTURED_FOLDER, type CaptureOptions, captureRun, readCaptured } from "./capture.ts";
export { codeText, machineText, type MarkedSetting, markedSettings, SOURCE_NAMES } from "./captured-text.ts";
export { type Captured, capturedSchema, type SettingSource } from "./capture-schema.ts";
export { OUTPUT_FILE, teeConsole } from "./console-output.ts";
export { type Alarms, openAlarms } from "./alarms.ts";
export { canonicalJson } from "./canonical.ts";
export { type MayChange, unfinishedRun, type Wanted } from "./continue.ts";
export { type CachedCell, findCell } from "./cell-store.ts";
export { repositoryRoot } from "./code-version.ts";
export { sha256, writeTextAtomically } from "./files.ts";
export { followEvents, type FollowOptions } from "./follow.ts";
export { type LogDamage } from "./parse-log.ts";
export {
  listRuns,
  type LogContents,
  readEvents,
  readRun,
  readStatus,
  runFolder,
  runIds,
  type RunSummary,
} from "./read.ts";
export { openRun, type OpenRunOptions, withRun } from "./run.ts";
export { type RunListener } from "./run-writer.ts";
export { isRunId, makeRunId } from "./run-id.ts";
export { versions } from "./versions.ts";
export {
  type DeviceChoice,
  DEVICES,
  type ExperimentDefinition,
  type Invocation,
  parseExperimentArguments,
  type Preset,
  type RunInvocation,
} from "./command-line.ts";
export { parseWithCommander, readInteger, unknownCommand } from "./commander.ts";
export { buildConfig } from "./config.ts";
export { type ConfigKey, configKeys } from "./config-keys.ts";
export { formatTable, printable, resultsTable } from "./format-table.ts";
export { configDifferences, type Difference, diffRuns, type RunDiff } from "./diff.ts";
export { diffCommand } from "./diff-command.ts";
export { type IndexUpdate, openForReading, withIndex } from "./index.ts";
export { lastLines, launch, type Launched, outputFile } from "./launch.ts";
export { noteCommand, renameCommand, tagCommand } from "./label-commands.ts";
export { addLabel, checkLabel, type LabelBody, type Labels, LABELS_FILE, readLabels } from "./labels.ts";
export { listCommand } from "./list-command.ts";
export { type ListedRun, listFromIndex, type ListOptions } from "./listing.ts";
export { endingOf, runMain } from "./main-function.ts";
export { readSeeds } from "./seeds.ts";
export { formatSeconds, progressLine, secondsLeft } from "./progress.ts";
export { type QueryOptions, type QueryRows, queryRuns } from "./query.ts";
export { queryCommand, reindexCommand } from "./query-command.ts";
export { resolveRun } from "./resolve-run.ts";
export { resumeCommand } from "./resume-command.ts";
export { defaultRunsFolder } from "./runs-folder.ts";
export { shellLine } from "./shell.ts";
export { showCommand } from "./show-command.ts";
export { StopError, stopSignal } from "./stop.ts";
export { askToStop, stopCommand } from "./stop-command.ts";
export * from "./sweep/mod.ts";
export { type TerminalOptions, type TerminalView, terminalView } from "./terminal.ts";
export { restoreLast, trashRuns } from "./trash.ts";
export { removeCommand, undoCommand } from "./trash-commands.ts";
export { type ArtifactCheck, type Verification, verifyRun } from "./verify.ts";
export { verifyCommand } from "./verify-command.ts";
