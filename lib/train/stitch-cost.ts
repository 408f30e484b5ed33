// The cost of a stitched model, computed from its shape: FLOPs, counted as in cost.ts, and memory.
import { type Activations, forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { placeStitches, type StitchConfig } from "../stitch/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
import { activationFloats, frozenBackwardFlops } from "./cost.ts";

/** FLOPs of the forward pass for one token: a hub, n experts, their stitches, and one head. */
export function stitchedForwardFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const head = 2 * config.width * config.vocabSize;
  const layers = forwardFlops(config) - head;
  return (experts + 1) * layers + head + stitchFlops(config, stitch, experts);
}

/**
 * FLOPs of one training token of the stitches: the forward pass, twice the stitches' FLOPs for their gradients, and
 * activation gradients (no weight gradients) of the frozen layers after a stitch: the experts' after the first stitch,
 * the hub's after the first E2H, and the head.
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

/** Peak memory in bytes: n+1 frozen models, the stitches with gradients and moments, and all activations. */
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
