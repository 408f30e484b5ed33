// What training a decoder costs, for plans.
import type { ModelConfig } from "../model/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { pretrainFlops, type TrainConfig, trainedLayers, trainingBytes } from "../train/mod.ts";

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
  return { tokens, flops: tokens * pretrainFlops(model), layers: trainedLayers(train, model), bytes };
}
