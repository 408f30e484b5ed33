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
  listRuns,
  type OpenOptions,
  openRun,
  type SavedRun,
  type TextScore,
  type TrainedModel,
} from "./lib/library/mod.ts";
export { explainError, UserError } from "./lib/errors.ts";
export type { BtsConfig } from "./lib/bts/mod.ts";
export {
  batchAt,
  type DataConfig,
  loadCorpus,
  openTokenizer,
  stratifiedBatches,
  tokenizeDocuments,
  type Tokenizer,
  type TokenizerJson,
  trainTokenizer,
} from "./lib/data/mod.ts";
export { bitsPerByte, evaluationWindows, generateGreedily } from "./lib/eval/mod.ts";
export { loadModelFolder, saveModelFolder } from "./lib/huggingface/mod.ts";
export { btmEnsemble, mergeWeights, soup } from "./lib/merge/mod.ts";
export {
  decoder,
  type HostWeights,
  initialWeights,
  type LanguageModel,
  type ModelConfig,
  modelConfigSchema,
  parameterCount,
  toDevice,
  toHost,
  toVariables,
} from "./lib/model/mod.ts";
export { beginRun, type ListedRun, runMain, type RunResults, type RunView, withRun } from "./lib/run/mod.ts";
export { type StitchConfig, stitchConfigSchema, stitchedLanguageModel, stitchModels } from "./lib/stitch/mod.ts";
export { type Device, type DeviceName, openDevice } from "./lib/tensor/mod.ts";
export { pretraining, stitching, train, type TrainConfig, trainConfigSchema } from "./lib/train/mod.ts";
