// What a stitched model costs before it is trained: floating-point operations and memory, from shapes alone.
// Conventions as in cost.ts.
import { type Activations, forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { placeStitches, type StitchConfig } from "../stitch/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
import { activationFloats, frozenBackwardFlops } from "./cost.ts";

/** Operations of one forward token of a hub, n experts and their stitches; one head. */
export function stitchedForwardFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const head = 2 * config.width * config.vocabSize;
  const layers = forwardFlops(config) - head;
  return (experts + 1) * layers + head + stitchFlops(config, stitch, experts);
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
