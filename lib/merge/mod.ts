// The merge room's public face: other ways than stitching to make one model of several.
export { soup } from "./soup.ts";
export { mergeWeights, type ModelsToMerge } from "./weights/merge.ts";
export type { MergeOptions, Rescale, TensorInputs, WeightMethod } from "./weights/method.ts";
export { WEIGHT_METHODS, weightMethod } from "./weights/methods.ts";
export { type MergeSettings, resolveOptions } from "./weights/options.ts";
export { btmEnsemble } from "./ensemble/btm.ts";
export { type BtmOptions, mixedLosses, priorFromLosses } from "./ensemble/posterior.ts";
