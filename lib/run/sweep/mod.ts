// Sweeps: an experiment over a grid of settings or points drawn at random, as a persisted table of trials.
export { type Axis, type ParallelCoordinates, parallelCoordinates, type TrialLine } from "../view/sweep-axes.ts";
export { answerTrialCheck, CHECK_OPTION, type CheckedExperiment } from "./check.ts";
export { type DeclaredMetrics } from "./declared.ts";
export { listSweeps, readSweep, sweepFolder } from "./read.ts";
export { meansTable, statesText, trialsTable } from "./table.ts";
export * from "./view.ts";
export { sweepJson, sweepSummary } from "./json.ts";
