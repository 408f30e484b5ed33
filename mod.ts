/**
 * Stitchbook as a library: open a run, use its models, and train and measure your own with the same parts.
 *
 * The parts that a short script needs are here; `@stitchbook/stitchbook/train` and the other entries have all of them.
 *
 * @example Three lines to a trained model
 * ```ts ignore
 * import { openRun } from "@stitchbook/stitchbook";
 *
 * using run = await openRun("last");
 * using model = await run.model("bts");
 * console.log(await model.generate("What is 3 plus 4?"));
 * ```
 *
 * @module
 */
export {
  type GenerateOptions,
  type InferenceModel,
  inferenceModels,
  type InferenceOptions,
  listRuns,
  type ModelFacts,
  type ModelOptions,
  openForInference,
  type OpenOptions,
  openRun,
  type SavedRun,
  type TextScore,
  type TrainedModel,
} from "./lib/library/mod.ts";
export { explainError, UserError } from "./lib/errors.ts";
export type { BtsConfig } from "./lib/bts/mod.ts";
export {
  type Batch,
  batchAt,
  type BatchChoice,
  type CorpusOptions,
  type DataConfig,
  type Datamix,
  type Document,
  type DomainBatch,
  loadCorpus,
  type LoadedCorpus,
  openTokenizer,
  stratifiedBatches,
  tokenizeDocuments,
  type Tokenizer,
  type TokenizerJson,
  type TokenStream,
  trainTokenizer,
} from "./lib/data/mod.ts";
export {
  bitsPerByte,
  type EvaluationOptions,
  type EvaluationWindow,
  evaluationWindows,
  generateGreedily,
  type ParameterCounts,
  type WindowOptions,
} from "./lib/eval/mod.ts";
export { type LoadedModel, loadModelFolder, type ModelToSave, saveModelFolder } from "./lib/huggingface/mod.ts";
export {
  createEngine,
  type EngineOptions,
  type GeneratedToken,
  type Generation,
  type GenerationRequest,
  type InferenceEngine,
  type SamplingSettings,
  type TokenConstraint,
} from "./lib/infer/mod.ts";
export {
  btmEnsemble,
  type BtmOptions,
  type MergeSettings,
  mergeWeights,
  type ModelsToMerge,
  soup,
} from "./lib/merge/mod.ts";
export {
  decoder,
  type DecodingState,
  type HostTensor,
  type HostWeights,
  initialWeights,
  type LanguageModel,
  type LogitsOptions,
  type ModelConfig,
  modelConfigSchema,
  type OwnedWeights,
  parameterCount,
  type Predictions,
  toDevice,
  toHost,
  toVariables,
  type Weights,
} from "./lib/model/mod.ts";
export { type Displayable, lab, type RunHandle } from "./lib/notebook/mod.ts";
export {
  beginRun,
  type BeginRunOptions,
  type BootstrapOptions,
  type DocumentLosses,
  type DocumentsEstimate,
  type ListedRun,
  type MetricPoint,
  type Run,
  runMain,
  type RunResults,
  type RunView,
  withRun,
} from "./lib/run/mod.ts";
export {
  type FrozenModels,
  type StitchConfig,
  stitchConfigSchema,
  stitchedLanguageModel,
  type StitchedModel,
  stitchModels,
} from "./lib/stitch/mod.ts";
export { type Device, type DeviceName, type DeviceOptions, openDevice } from "./lib/tensor/mod.ts";
export {
  type PhaseOptions,
  pretraining,
  stitching,
  train,
  type TrainConfig,
  trainConfigSchema,
  type TrainResult,
  type TrainTask,
} from "./lib/train/mod.ts";
