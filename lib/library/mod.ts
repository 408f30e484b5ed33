// Finished runs and their models, for scripts and notebooks.
export { findModelRun, folderOfRun } from "./find-model-run.ts";
export { findRun, type RunPlace } from "./find-run.ts";
export { listRuns } from "./list-runs.ts";
export { identityOf } from "./model-identity.ts";
export { type ModelOptions, type OpenOptions, openRun, type SavedRun } from "./open-run.ts";
export { decoderNames, modelNamed, type SavedModel, savedModels } from "./saved-models.ts";
export type { GenerateOptions, TextScore, TrainedModel } from "./trained-model.ts";
export {
  type InferenceModel,
  inferenceModels,
  type InferenceOptions,
  type ModelFacts,
  openForInference,
  settledSource,
} from "./open-inference.ts";
