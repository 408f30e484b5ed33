// Public API: the Llama decoder, its weights and its cache.
export {
  checkModelConfig,
  type Family,
  familyOf,
  forwardFlops,
  headSizeOf,
  layerProductFlops,
  layerShapes,
  meanKeys,
  type ModelConfig,
  modelConfigSchema,
  parameterCount,
  weightShapes,
  windowOf,
} from "./config.ts";
export { type RopeScaling } from "./rope-scaling.ts";
export {
  checkWeights,
  disposeWeights,
  fillNormal,
  type HostTensor,
  type HostWeights,
  initialWeights,
  type OwnedWeights,
  shapeOf,
  toDevice,
  toHost,
  toVariables,
  type Weights,
} from "./weights.ts";
export {
  heldFormat,
  inMemory,
  packedStack,
  type PackedWeights,
  packWeights,
  putWeights,
  storedToDevice,
  type StoredWeight,
  WEIGHT_FORMATS,
  type WeightFormat,
} from "./stored-weights.ts";
export { attention, feedForward } from "./blocks.ts";
export { KvCache, KvCaches, type KvShape, kvShape } from "./cache.ts";
export {
  type Activations,
  beginPass,
  continuePass,
  decoderLayer,
  dependsOnCalls,
  embed,
  forward,
  head,
  headLoss,
  headLosses,
  headPredictions,
  hiddenStates,
  type Pass,
  type Predictions,
  type ReadOptions,
  wanted,
} from "./llama.ts";
export type { DecodingState, LogitsOptions } from "./decoding-state.ts";
export type { GatePlace, GateProbe } from "./gates.ts";
export { decoder, type LanguageModel, tokenLosses, tokenPredictions } from "./language-model.ts";
export type { ModelConfigSchema, RopeScalingSchema } from "./inferred-types.ts";
