// Public API: generating text with any language model.
export type {
  FinishReason,
  GeneratedToken,
  Generation,
  GenerationRequest,
  InferenceEngine,
  SamplingSettings,
  ScoredToken,
  TokenConstraint,
} from "./types.ts";
