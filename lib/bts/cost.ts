// The cost of training a decoder, for plans.
import { type ModelConfig, parameterCount } from "../model/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { pretrainFlops, type TrainConfig, trainedLayers, trainingBytes } from "../train/mod.ts";

/** Training tokens of a phase. */
export function trainedTokens(
  { steps, batch }: TrainConfig,
  { contextLength }: Pick<ModelConfig, "contextLength">,
): number {
  return steps * batch * contextLength;
}

/** Tokens of one micro-batch, whose activations are in memory at once. */
export function microBatchTokens({ batch, accumulate }: TrainConfig, { contextLength }: ModelConfig): number {
  return batch * contextLength / accumulate;
}

/** Bytes of the copies in host memory that a checkpoint makes of a decoder's weights and their two moments. */
const checkpointCopies = (model: ModelConfig) => 3 * 4 * parameterCount(model);

/** The cost of training all weights of a decoder. */
export function decoderCost(model: ModelConfig, train: TrainConfig): CellCost {
  const tokens = trainedTokens(train, model);
  const bytes = trainingBytes(model, microBatchTokens(train, model), train.activations) + checkpointCopies(model);
  return { tokens, flops: tokens * pretrainFlops(model), layers: trainedLayers(train, model), bytes };
}
