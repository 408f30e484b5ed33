// The cost of a stitched model, computed from its shape: FLOPs, counted as in cost.ts, and memory.
import { type Activations, forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import {
  placeStitches,
  type StitchConfig,
  stitchKind,
  stitchParameterCount,
  stitchSize,
  streamGroups,
} from "../stitch/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
import { activationFloats, frozenBackwardFlops } from "./cost.ts";

/** FLOPs of the forward pass for one token: the layers of a hub and n experts, their stitches, and one head. */
export function stitchedForwardFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const layer = (forwardFlops(config) - headFlops(config)) / config.layers;
  return layersRun(config, stitch, experts).all * layer + headFlops(config) +
    stitchFlops(config, stitch, experts).forward;
}

/**
 * FLOPs of one training token of the stitches: the forward pass, the stitches' backward pass, and activation gradients
 * (no weight gradients) of the head and of the frozen layers whose input depends on a stitch.
 */
export function stitchTrainFlops(config: ModelConfig, stitch: StitchConfig, experts: number): number {
  const backward = layersRun(config, stitch, experts).graph * frozenBackwardFlops(config) + headFlops(config) +
    stitchFlops(config, stitch, experts).backward;
  return stitchedForwardFlops(config, stitch, experts) + backward;
}

const headFlops = ({ width, vocabSize }: ModelConfig) => 2 * width * vocabSize;

/** How many layers run for a token, over all models, and how many of them with a graph for the backward pass. */
function layersRun({ layers }: ModelConfig, stitch: StitchConfig, experts: number) {
  const groups = streamGroups(stitch, placeStitches(stitch, layers), experts + 1, layers).flat();
  const count = (chosen: typeof groups) => chosen.reduce((sum, { models }) => sum + models.length, 0);
  return { all: count(groups), graph: count(groups.filter(({ graph }) => graph)) };
}

function stitchFlops({ width, layers }: ModelConfig, stitch: StitchConfig, experts: number) {
  const each = placeStitches(stitch, layers).map(({ kind }) => stitchKind(kind).flops(stitch, { experts, width }));
  return {
    forward: each.reduce((sum, { forward }) => sum + forward, 0),
    backward: each.reduce((sum, { backward }) => sum + backward, 0),
  };
}

/** Peak memory in bytes: n+1 frozen models, the stitches with gradients and moments, and all activations. */
export function stitchingBytes(
  config: ModelConfig,
  stitch: StitchConfig,
  experts: number,
  tokens: number,
  activations: Activations = "keep",
): number {
  const stitches = stitchParameterCount(stitch, stitchSize(stitch, config, experts));
  const models = experts + 1;
  const floats = models * activationFloats(config, tokens, activations);
  const frozen = models * parameterCount(config) * (stitch.frozen === "half" ? 0.5 : 1);
  return 4 * (frozen + 4 * stitches + floats + 2 * logitsHeld(tokens, config.vocabSize));
}
