// Finished runs and their models, for scripts and notebooks.
export { listRuns } from "./list-runs.ts";
export { type OpenOptions, openRun, type SavedRun } from "./open-run.ts";
export type { GenerateOptions, TextScore, TrainedModel } from "./trained-model.ts";
