// Public API: generating text with any language model.
export type {
  FinishReason,
  GeneratedToken,
  Generation,
  GenerationRequest,
  InferenceEngine,
  ModelGates,
  PredictionGates,
  SamplingSettings,
  ScoredToken,
  SkippingSettings,
  TokenConstraint,
  TokensRun,
} from "./types.ts";
export { logSumExp, scoreToken } from "./sampling/logprobs.ts";
export { type Sampler, sampler } from "./sampling/sampler.ts";
export { resolveSampling } from "./sampling/settings.ts";
export { createSkipper, type NamedRun, resolveSkipping, runByName, type Skipper, type Skipping } from "./skipping.ts";
export { type SkippingModel, skippingModel } from "./skipping-model.ts";
export { checkStops, type TextStream, textStream } from "./text-stream.ts";
export { type Constraints, constraints } from "./constraint/constraints.ts";
export { createEngine } from "./engine/engine.ts";
export type { EngineOptions } from "./engine/options.ts";
