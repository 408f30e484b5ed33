// What frozen models are on the device: stacks of the weights of each layer.
import type { Weights } from "../model/mod.ts";
import type { StreamGroup } from "./stream-groups.ts";

/** A layer's weights for the models of one group: `[models, …]`, or without that dimension if they are one model's. */
export interface Stack {
  readonly group: StreamGroup;
  readonly weights: Weights;
}

/**
 * A hub and its experts on the device, every weight once, for `stitchModels()`. What the stitched model never reads, such
 * as the experts' heads, is left out.
 */
export interface FrozenModels {
  /** The hub's embeddings, final norm and head; int32 tensors are in half precision. */
  readonly hub: Weights;
  /** The experts' embeddings. */
  readonly experts: readonly Weights[];
  /** By layer, one for each of {@linkcode streamGroups}. */
  readonly stacks: readonly (readonly Stack[])[];
}
