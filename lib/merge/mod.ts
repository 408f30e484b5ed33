// Public API: merging models weight by weight, and the BTM ensemble.
export { soup } from "./soup.ts";
export { type FolderMerge, type FolderMergeReport, mergeFolders } from "./weights/folders.ts";
export { type TokenizerRequest } from "./vocabulary/request.ts";
export { inputParts } from "./inputs/open.ts";
export { withoutFolder } from "./weights/same-folder.ts";
export { mergeWeights, type ModelsToMerge } from "./weights/merge.ts";
export {
  type MergeOptions,
  type OptionName,
  type Rescale,
  RESCALES,
  type TensorInputs,
  type WeightMethod,
} from "./weights/method.ts";
export { WEIGHT_METHODS, weightMethod } from "./weights/methods.ts";
export { expectedNumber, type MergeSettings } from "./weights/options.ts";
export { mergeRecipe } from "./recipe/merge.ts";
export { readRecipe, type Recipe } from "./recipe/read.ts";
export { withModels } from "./recipe/with-models.ts";
export { btmEnsemble, checkLength } from "./ensemble/btm.ts";
export { btmOptions, btmSettingsSchema, loadPrior, savePrior } from "./ensemble/settings.ts";
export { mixtureTops, type ScoredRow } from "./ensemble/mixture-tops.ts";
export { type BtmOptions, mixedLosses, priorFromLosses } from "./ensemble/posterior.ts";
export {
  checkSeedMerges,
  mergeIntoSeed,
  SEED_MERGES,
  type SeedMerge,
  seedMergeSchema,
  type SeedMergeSettings,
} from "./seed-merges.ts";
export type { BtmSettingsSchema, SeedMergeSchema } from "./inferred-types.ts";
