// The cost of training a decoder, computed from its shape: FLOPs and memory.
// A multiply-add counts as two FLOPs. Norms, softmax and other element-wise operations are not counted.
import {
  type Activations,
  forwardFlops,
  headSizeOf,
  layerProductFlops,
  meanKeys,
  type ModelConfig,
  parameterCount,
  windowOf,
} from "../model/mod.ts";
import { keysPerBlock, logitsHeld } from "../tensor/mod.ts";
import type { TrainConfig } from "./config.ts";

/** FLOPs of one training token of a decoder: the forward pass, and twice as many for the backward pass. */
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
 * FLOPs of the forward pass for one token in one layer: the matrix products of attention and of the feed-forward, and
 * attention's scores and sums over half the context, or less with a sliding window.
 */
export function layerFlops(
  config: ModelConfig,
): { readonly attention: number; readonly feedForward: number; readonly scores: number } {
  return { ...layerProductFlops(config), scores: 4 * meanKeys(config) * config.heads * headSizeOf(config) };
}

/**
 * FLOPs of the backward pass for one token through a frozen layer: one product for each product with a weight (the
 * gradient of its input), and two for each product in attention, whose factors both depend on the input.
 */
export function frozenBackwardFlops(config: ModelConfig): number {
  const { attention, feedForward, scores } = layerFlops(config);
  return attention + feedForward + 2 * scores;
}

/**
 * Peak memory of training a decoder, in bytes: weights, gradients and two moments in float32, the activations that the
 * backward pass reads (per layer and token about 10 d and 3 inner widths; fused attention keeps no scores, other than blocks
 * within a sliding window), and twice
 * the logits of a chunk of rows.
 *
 * @param activations with `recompute`: the input of every layer, and all activations of one
 */
export function trainingBytes(config: ModelConfig, tokens: number, activations: Activations = "keep"): number {
  const logits = 2 * logitsHeld(tokens, config.vocabSize);
  return 4 * (4 * parameterCount(config) + activationFloats(config, tokens, activations) + logits);
}

/** Number of values that a backward pass through one decoder reads, without the logits. */
export function activationFloats(
  config: ModelConfig,
  tokens: number,
  activations: Activations,
): number {
  const { layers, width, inner, heads } = config;
  // Queries, keys, values and what attention returns are as wide as the heads.
  const layer = tokens * (6 * width + 4 * heads * headSizeOf(config) + 3 * inner);
  const scores = Array.from({ length: layers }, (_, i) => tokens * windowScores(config, windowOf(config, i)));
  if (activations === "keep") return layers * layer + scores.reduce((a, b) => a + b, 0);
  return layers * tokens * width + layer + Math.max(...scores);
}

/** Values of scores that a layer with a sliding window shorter than the context keeps per token: three for each key. */
function windowScores({ heads, contextLength }: ModelConfig, window = contextLength): number {
  return window < contextLength ? 3 * heads * keysPerBlock(window) : 0;
}
