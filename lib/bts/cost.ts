// What training and measuring cells cost, for plans.
import { forwardFlops, type ModelConfig } from "../model/mod.ts";
import type { CellCost } from "../run/mod.ts";
import type { StitchConfig } from "../stitch/mod.ts";
import { pretrainFlops, stitchingBytes, stitchTrainFlops, type TrainConfig, trainingBytes } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";

/** Tokens that a phase trains on. */
export function trainedTokens({ steps, batch }: TrainConfig, { contextLength }: ModelConfig): number {
  return steps * batch * contextLength;
}

/** Tokens of one micro-batch: those whose activations are held at once. */
export function microBatchTokens({ batch, accumulate }: TrainConfig, { contextLength }: ModelConfig): number {
  return batch * contextLength / accumulate;
}

/** Training all weights of a decoder. */
export function decoderCost(model: ModelConfig, train: TrainConfig): CellCost {
  const tokens = trainedTokens(train, model);
  const bytes = trainingBytes(model, microBatchTokens(train, model), train.activations);
  return { tokens, flops: tokens * pretrainFlops(model), bytes };
}

/** Training the stitches between a hub and `experts` other models. */
export function stitchingCost(model: ModelConfig, stitch: StitchConfig, experts: number, train: TrainConfig): CellCost {
  const tokens = trainedTokens(train, model);
  const bytes = stitchingBytes(model, stitch, experts, microBatchTokens(train, model), train.activations);
  return { tokens, flops: tokens * stitchTrainFlops(model, stitch, experts), bytes };
}

/** Tokens that a method scores, in bits per byte and about as many as the tasks have. */
export function scoredTokens(config: BtsConfig): number {
  return config.data.domains.length * config.eval.tokens + 4 * config.eval.items * config.model.contextLength;
}

/** Scoring the seed, the experts and their soup; the ensemble runs its members again only to generate. */
export function baselinesFlops(config: BtsConfig, model: ModelConfig): number {
  const models = 1 + config.experts.length;
  const generated = models * config.eval.items * model.contextLength;
  return forwardFlops(model) * ((models + 1) * scoredTokens(config) + generated);
}
