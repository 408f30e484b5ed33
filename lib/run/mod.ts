// Runs: experiments made of content-addressed cells, one append-only event log each, and the readers of those logs.
export type { CellContext, CellResult, CellSpec, Run } from "./cell.ts";
export * from "./events.ts";
export * from "./view.ts";
export { canonicalJson } from "./canonical.ts";
export { CELLS_FOLDER } from "./cell-store.ts";
export { repositoryRoot } from "./code-version.ts";
export { sha256, sha256OfFile, writeTextAtomically } from "./files.ts";
export { followEvents, type FollowOptions } from "./follow.ts";
export { type LogDamage } from "./parse-log.ts";
export { listRuns, type LogContents, readEvents, readRun, runFolder, runIds, type RunSummary } from "./read.ts";
export { errorText, openRun, type OpenRunOptions, type RunListener, withRun } from "./run.ts";
export { isRunId, makeRunId } from "./run-id.ts";
export { versions } from "./versions.ts";
