// Public API: the settings and cells of Branch-Train-Stitch, and access to the models of finished runs.
export { conventionsIn, isBrought } from "./brought.ts";
export { checkBts } from "./check.ts";
export {
  type Answers,
  compareMethods,
  comparisons,
  type Losses,
  readAnswers,
  readLosses,
  taskComparisons,
} from "./comparisons.ts";
export { type BtsConfig, btsConfigSchema, btsDefinition, btsSettings } from "./config.ts";
export { chatRendererOf } from "./chat.ts";
export { completeFromCheckpoints, openFitting } from "./complete.ts";
export { DEFAULT_MIX, domainDefaults } from "./domain-defaults.ts";
export { microBatchTokens, trainedTokens } from "./cost.ts";
export { decoderCell, expertPhase, trainExpert, trainSeed } from "./decoders.ts";
export { evaluationSet } from "./evaluation-set.ts";
export { expertMix } from "./expert-mix.ts";
export { checkChange, checkRestitching } from "./expert-check.ts";
export { type LabData, labExperiment, type LabWith } from "./experiment.ts";
export {
  branchedRun,
  changeOf,
  type ExpertConfig,
  expertConfigSchema,
  type FinishedRun,
  finishedRun,
} from "./finished.ts";
export { ALIKE, type GatePair, gatePairs, isAlike } from "./gate-pairs.ts";
export { mergeExperts } from "./merge-experts.ts";
export { batchesOf, type Lab, modelOf, weightsOf } from "./lab.ts";
export type { ParameterCounts } from "../eval/mod.ts";
export { measureCell, measureCells, type MeasureSpec, type Measuring } from "./measure.ts";
export type { Method } from "./measure-methods.ts";
export { type Measured, resultsOf } from "./measured.ts";
export { baselinesSpec, measureBaselines } from "./measure-baselines.ts";
export { measureStitched, stitchedFrom, stitchedSpec } from "./measure-stitched.ts";
export { btsMetrics } from "./metrics.ts";
export { adaptStitches, changedConfig, changeText, type ExpertChange, restitch } from "./modular.ts";
export { openStitchedRun, openStitches, type StitchedRun } from "./open-run.ts";
export { stitchedOnDevice } from "./stitched-on-device.ts";
export { stitchFile } from "./stitch-file.ts";
export { storedModel } from "./stored-model.ts";
export { trainStitches } from "./stitches.ts";
export {
  type ComparisonRow,
  comparisonsTable,
  costTable,
  matrixTable,
  type TaskComparisonRow,
  taskComparisonsTable,
} from "./tables.ts";
export { openStreams, readTokenizer, streamFiles, type Text, type TokenStreams } from "./text.ts";
export { tokenize } from "./tokenize.ts";
export { familyOf, monitored, phaseInCell, trainAndSummarize, type Trained, trainedSchema } from "./training.ts";
export { streamSizeSchema } from "./token-checkpoints.ts";
export { writeTokens } from "./write-tokens.ts";
export type { BtsSettingsSchema, StreamSizeSchema, TrainedSchema } from "./inferred-types.ts";
