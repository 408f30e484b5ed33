// What a stitched model consists of.
import type { ModelConfig, Weights } from "../model/mod.ts";
import type { StitchPlace } from "./config.ts";
import type { StitchLayer } from "./layer.ts";
import type { Road } from "./roads.ts";
import type { FrozenModels } from "./stacks.ts";

/** A hub, its experts (all of one shape, all frozen) and the stitches between them. */
export interface StitchedModel {
  readonly config: ModelConfig;
  readonly hub: Weights;
  readonly experts: readonly Weights[];
  readonly places: readonly StitchPlace[];
  readonly layers: readonly StitchLayer[];
  /** By decoder layer: which models run through it alike. */
  readonly roads: readonly (readonly Road[])[];
  /** The layers' weights where models run as stacks; `hub` and `experts` then have only what is not of a layer. */
  readonly stacks?: FrozenModels["stacks"] | undefined;
}
