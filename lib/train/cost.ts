// What training a decoder costs before it is done: floating-point operations and memory, from shapes alone.
// Conventions: a multiply-add is two operations; norms, softmax and other element-wise work is not counted.
import { type Activations, forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
import type { TrainConfig } from "./config.ts";

/** Operations of one training token of a decoder: forward, and twice that backward. */
export function pretrainFlops(config: ModelConfig): number {
  return 3 * forwardFlops(config);
}

/** Passes through layers that a training step takes: forward, backward for inputs and for weights, and the optimizer. */
const PASSES_PER_STEP = 4;

/** Layers that a pass runs through, counting embedding and head. */
export const passedLayers = ({ layers }: Pick<ModelConfig, "layers">): number => layers + 2;

/** Passes of a batch through a layer in training a decoder, or several side by side. */
export function trainedLayers({ steps, accumulate }: TrainConfig, model: ModelConfig, models = 1): number {
  return steps * accumulate * PASSES_PER_STEP * passedLayers(model) * models;
}

/**
 * Operations of one forward token in one layer: of its products with weights, attention's and the feed-forward's, and of
 * attention's scores and sums over half the context.
 */
export function layerFlops({ width: d, heads, kvHeads, inner, contextLength }: ModelConfig) {
  const kvWidth = (d / heads) * kvHeads;
  return { attention: 4 * d * (d + kvWidth), feedForward: 6 * d * inner, scores: 2 * contextLength * d };
}

/**
 * Operations of one token's backward pass through a frozen layer: one product for each product with a weight, for its
 * input's gradient, and two for each of attention's, for both factors depend on the input.
 */
export function frozenBackwardFlops(config: ModelConfig): number {
  const { attention, feedForward, scores } = layerFlops(config);
  return attention + feedForward + 2 * scores;
}

/**
 * Bytes that training a decoder needs at most: weights, gradients and two moments in float32, the activations that the
 * backward pass reads (per layer and token about 10 d and 3 inner widths; fused attention keeps no scores), and twice
 * the logits of a chunk of rows.
 *
 * @param activations with `recompute`, each layer's input, and all activations of one layer
 */
export function trainingBytes(config: ModelConfig, tokens: number, activations: Activations = "keep"): number {
  const logits = 2 * logitsHeld(tokens, config.vocabSize);
  return 4 * (4 * parameterCount(config) + activationFloats(config, tokens, activations) + logits);
}

/** Values that a backward pass through one decoder reads, the logits aside. */
export function activationFloats(
  { layers, width, inner }: ModelConfig,
  tokens: number,
  activations: Activations,
): number {
  const layer = tokens * (10 * width + 3 * inner);
  return activations === "keep" ? layers * layer : layers * tokens * width + layer;
}
