// What a stitched model consists of.
import type { ModelConfig, Weights } from "../model/mod.ts";
import type { StitchPlace } from "./config.ts";
import type { StitchLayer } from "./layer.ts";
import type { StreamGroup } from "./stream-groups.ts";
import type { FrozenModels } from "./frozen-models.ts";

/** A hub, its experts (all of one shape, all frozen) and the stitches between them. */
export interface StitchedModel {
  readonly config: ModelConfig;
  readonly hub: Weights;
  readonly experts: readonly Weights[];
  readonly places: readonly StitchPlace[];
  readonly layers: readonly StitchLayer[];
  /** By decoder layer: which models run through it together. */
  readonly groups: readonly (readonly StreamGroup[])[];
  /** The weights of the layers if models run as stacks; `hub` and `experts` then have only the other weights. */
  readonly stacks?: FrozenModels["stacks"] | undefined;
}
