export { checkBts } from "./check.ts";
export { compareMethods, comparisons, type Losses, readLosses } from "./comparisons.ts";
export { type BtsConfig, btsConfigSchema, btsDefinition } from "./config.ts";
export { checkChange, checkRestitching } from "./expert-check.ts";
export { type ExpertConfig, expertConfigSchema, type FinishedRun, finishedRun } from "./finished.ts";
export { batchesOf, type Bytes, type Lab, modelOf, readText, type Text, weightsOf } from "./lab.ts";
export {
  commonInputs,
  evaluationSet,
  measureAll,
  measureBaselines,
  type Measured,
  measuredSchema,
  measureStitched,
  type Method,
  MODEL_CODE,
  type Parameters,
  resultsOf,
} from "./measure.ts";
export { btsMetrics } from "./metrics.ts";
export { adaptStitches, changedConfig, type ExpertChange, restitch } from "./modular.ts";
export { openStitchedRun, type StitchedRun } from "./open-run.ts";
export {
  assertFrozen,
  decoderCell,
  expertMix,
  tokenize,
  type Trained,
  trainedSchema,
  trainExpert,
  TRAINING_CODE,
  trainSeed,
  trainStitches,
} from "./phases.ts";
export { planCells } from "./plan.ts";
export { type ComparisonRow, comparisonsTable, costRows, costTable, matrixTable } from "./tables.ts";
export { familyOf, monitored, phaseInCell, trainAndSummarise } from "./training.ts";
