// Ways other than stitching to combine several models into one: weight merges, ensembles, routing, mixtures, CALM.
export { soup } from "./soup.ts";
export { TORCH_DTYPES } from "./weights/companions.ts";
export { type FolderMerge, type FolderMergeReport, mergeFolders } from "./weights/folders.ts";
export { withoutFolder } from "./weights/same-folder.ts";
export { mergeWeights, type ModelsToMerge } from "./weights/merge.ts";
export { type MergeOptions, type Rescale, RESCALES, type TensorInputs, type WeightMethod } from "./weights/method.ts";
export { WEIGHT_METHODS, weightMethod } from "./weights/methods.ts";
export { type MergeSettings, resolveOptions } from "./weights/options.ts";
export { btmEnsemble } from "./ensemble/btm.ts";
export { type BtmOptions, mixedLosses, priorFromLosses } from "./ensemble/posterior.ts";
export {
  initialRouter,
  leastLoss,
  promptFeatures,
  routedLanguageModel,
  type RoutedModel,
  ROUTER,
  routerLoss,
  ROUTING_PREFIX,
} from "./ensemble/routing.ts";
export {
  addedNames,
  type MixtureConfig,
  mixtureConfigSchema,
  type MixtureName,
  mixtureParameters,
  MIXTURES,
  mixtureShapes,
} from "./mixture/config.ts";
export { initialMixture, splitTrained } from "./mixture/start.ts";
export {
  mixtureForward,
  mixtureLanguageModel,
  type MixtureModel,
  mixtureModel,
  mixtureStates,
} from "./mixture/model.ts";
export {
  beforeFirstConnection,
  type CalmConfig,
  calmConfigSchema,
  calmLanguageModel,
  calmLayers,
  type CalmModel,
  calmModel,
  calmShapes,
  fromFirstConnection,
  initialCalm,
} from "./mixture/calm.ts";
export { routedLosses } from "./ensemble/routed-losses.ts";
export {
  checkSeedMerges,
  mergeIntoSeed,
  SEED_MERGES,
  type SeedMerge,
  seedMergeSchema,
  type SeedMergeSettings,
} from "./seed-merges.ts";
export { loadMerge, type MergeFile, type MergeMethod, saveMerge } from "./file.ts";
