// One stitch layer: its kind decides what it does.
import type * as tf from "@tensorflow/tfjs";
import type { StitchConfig } from "./config.ts";
import type { States, StitchParameters } from "./kinds/kind.ts";
import type { StitchKindName } from "../stitch-kinds.ts";
import { stitchKind } from "./kinds/registry.ts";

/** One stitch layer with its parameters. */
export interface StitchLayer extends StitchParameters<StitchConfig> {
  readonly kind: StitchKindName;
}

/**
 * The states after a stitch layer.
 *
 * @param dropoutSeed a new uint32 for every training step; undefined in evaluation mode
 * @param onGates told the {@linkcode stitchGates} on the way; in evaluation mode only
 */
export function applyStitch(
  layer: StitchLayer,
  states: States,
  dropoutSeed?: number,
  onGates?: (gates: tf.Tensor3D) => void,
): States {
  return stitchKind(layer.kind).apply(layer, states, dropoutSeed, onGates);
}

/**
 * The gates of a stitch in evaluation mode, `[N, models, d]`: hub first if they are shares of the hub's new state (they
 * sum to 1 over models), otherwise experts only (each in (0, 1)).
 */
export function stitchGates(layer: StitchLayer, hub: tf.Tensor2D): tf.Tensor3D {
  return stitchKind(layer.kind).gates(layer, hub);
}
