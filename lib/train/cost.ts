// What training costs before it is done: floating-point operations and memory, from shapes alone.
// Conventions: a multiply-add is two operations; norms, softmax and other element-wise work is not counted.
import { type Activations, forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { placeStitches, type StitchConfig } from "../stitch/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";

/** Operations of one training token of a decoder: forward, and twice that backward. */
export function pretrainFlops(config: ModelConfig): number {
  return 3 * forwardFlops(config);
}

/** Operations of one forward token of a hub, n experts and their stitches; one head. */
export function stitchedForwardFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const head = 2 * config.width * config.vocabSize;
  const layers = forwardFlops(config) - head;
  return (experts + 1) * layers + head + stitchFlops(config, stitch, experts);
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
 * Operations of one token of a stitch step: the whole forward pass, twice the stitches for their gradients, and
 * activation gradients (no weight gradients) of what lies behind the first stitch that reaches it: experts after the
 * first stitch, the hub after the first E2H, and the head.
 */
export function stitchTrainFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const { layers, width, vocabSize } = config;
  const places = placeStitches(stitch, layers);
  const firstE2H = places.find(({ kind }) => kind === "E2H")!.after;
  const behind = experts * (layers - places[0]!.after) + (layers - firstE2H);
  const backward = behind * frozenBackwardFlops(config) + 2 * width * vocabSize;
  return stitchedForwardFlops(config, stitch, experts) + backward + 2 * stitchFlops(config, stitch, experts);
}

function stitchFlops({ width, layers }: ModelConfig, stitch: StitchConfig, experts: number): number {
  return placeStitches(stitch, layers).length * (2 * experts + 1) * 2 * width * width;
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

/** Bytes that stitching needs at most: n+1 frozen models, the stitches with gradients and moments, all activations. */
export function stitchingBytes(
  config: ModelConfig,
  stitch: StitchConfig,
  experts: number,
  tokens: number,
  activations: Activations = "keep",
): number {
  const { width, layers, vocabSize } = config;
  const stitches = placeStitches(stitch, layers).length * (2 * experts + 1) * width * width;
  const models = experts + 1;
  const floats = models * activationFloats(config, tokens, activations);
  const frozen = models * parameterCount(config) * (stitch.frozen === "half" ? 0.5 : 1);
  return 4 * (frozen + 4 * stitches + floats + 2 * logitsHeld(tokens, vocabSize));
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
