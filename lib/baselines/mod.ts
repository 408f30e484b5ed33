// Public API: the methods that are built from a seed and its experts to compare stitching with.
export type {
  BaselineMethod,
  BranchedMethod,
  BranchGiven,
  BranchTraining,
  CommonSettings,
  Costed,
  Documents,
  Fitted,
  FittedMethod,
  Given,
  MergedMethod,
  OpenedModel,
  PretrainedMethod,
  Saved,
  Sizes,
  TrainedMethod,
  Training,
} from "./method.ts";
export {
  BASELINE_NAMES,
  baselineDefaults,
  type BaselineName,
  baselineNamed,
  BASELINES,
  type BaselineSettings,
  baselineSettings,
  SELF_STITCH,
} from "./registry.ts";
export { type CostedMethods, methodCosts } from "./costs.ts";
export { baselineCost, btmCost } from "./one-cost.ts";
export { cannotLeave, type FinishedMethod, mergeFile, openBaseline, type OpenedBaseline } from "./open.ts";
export { type MixtureConfig, mixtureConfigSchema } from "./mixture/config.ts";
export type { SelfStitchConfig } from "./self-stitch/method.ts";
export { loadMerge, type MergeFile, type MergeFormat, saveMerge } from "./file.ts";
export type { MixtureConfigSchema } from "./inferred-types.ts";
