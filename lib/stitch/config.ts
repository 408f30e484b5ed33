// The readings of the stitch layer that are options, and where the layers go (BTS, arXiv 2502.00075 §3).
import { z } from "zod";
import { UserError } from "../errors.ts";

/** E2H updates the hub from the experts; H2E updates the experts from the hub. */
export type StitchKind = "E2H" | "H2E";

/** How the seed and the experts are stitched together. */
export const stitchConfigSchema = z.strictObject({
  mode: z.enum(["hub", "pair"]).default("hub").describe(
    "hub: one model in the middle, as the paper has it; pair: two models of equal rank that merge into one another " +
      "by turns, the last time into the one that gives the output",
  ),
  count: z.int().min(1).max(1000).default(2).describe(
    "K, how many stitch layers, when stitch.positions does not name them",
  ),
  positions: z.array(z.int().min(1)).nullable().default(null)
    .describe("decoder layers (from 1) after which the stitches stand; null: k·⌊L/K⌋, the last at L"),
  kinds: z.union([z.enum(["alternating", "all-e2h"]), z.array(z.enum(["E2H", "H2E"]))]).default("alternating")
    .describe("kinds of the stitches: alternating backwards from a last E2H, all E2H, or a list"),
  expertAfterE2H: z.enum(["projected", "pass-through"]).default("projected")
    .describe("the expert's state after an E2H: the projected one goes on, or the expert's own"),
  initialisation: z.enum(["identity", "hub-preserving", "random"]).default("identity")
    .describe("W = I and G = 0; or with a gate bias so that the hub is kept at step 0; or random"),
  gates: z.enum(["vector", "scalar"]).default("vector")
    .describe("one gate per dimension and model, or one per model"),
  dropout: z.number().min(0).max(0.99).default(0.1).describe("dropout on the gate logits"),
  frozen: z.enum(["float32", "half"]).default("float32")
    .describe(
      "how the frozen models are held: as they are, or their matrices rounded to half precision, in half the memory",
    ),
});

export type StitchConfig = z.infer<typeof stitchConfigSchema>;

/** One stitch layer: after which decoder layer (from 1), and of which kind. */
export interface StitchPlace {
  readonly after: number;
  readonly kind: StitchKind;
  /** In a pair, where the two change parts: an E2H whose hub is the other model. */
  readonly into?: "other";
}

/**
 * Where the stitches stand and of which kinds they are.
 *
 * Default: after layers k·⌊L/K⌋, the last forced to L; the last is E2H and the kinds alternate backwards from it. In a
 * pair all are E2H, and the model that receives alternates backwards from the one that gives the output.
 *
 * @throws UserError `stitch.placement` when K exceeds L, or an explicit list does not fit
 */
export function placeStitches(config: StitchConfig, layers: number): StitchPlace[] {
  const positions = config.positions ?? evenPositions(config.count, layers);
  const count = positions.length;
  if (config.positions !== null) checkPositions(positions, layers);
  if (Array.isArray(config.kinds)) {
    if (config.kinds.length !== count) {
      throw new UserError(
        "stitch.placement",
        `stitch.kinds lists ${config.kinds.length} kinds for ${count} stitches: give one for each`,
      );
    }
    if (config.kinds.at(-1) !== "E2H") {
      throw new UserError("stitch.placement", "stitch.kinds must end with E2H: the output is the hub's");
    }
  }
  if (config.mode === "pair") {
    if (config.kinds !== "alternating") {
      throw new UserError(
        "stitch.placement",
        "stitch.kinds cannot be set where stitch.mode is pair: both models receive by turns",
      );
    }
    return positions.map((after, i) => ({
      after,
      kind: "E2H",
      ...((count - 1 - i) % 2 === 1 ? { into: "other" } : {}),
    }));
  }
  return positions.map((after, i) => ({ after, kind: kindAt(config, i, count) }));
}

function evenPositions(count: number, layers: number): number[] {
  if (count > layers) {
    throw new UserError(
      "stitch.placement",
      `Cannot place ${count} stitches in a model of ${layers} layers: stitch.count must be at most model.layers`,
    );
  }
  const every = Math.floor(layers / count);
  return Array.from({ length: count }, (_, k) => k === count - 1 ? layers : (k + 1) * every);
}

function checkPositions(positions: readonly number[], layers: number): void {
  const ascending = positions.every((p, i) => Number.isInteger(p) && p <= layers && p > (positions[i - 1] ?? 0));
  if (positions.length === 0 || !ascending) {
    throw new UserError(
      "stitch.placement",
      `stitch.positions [${positions}] must be ascending decoder layers from 1 to ${layers}`,
    );
  }
}

function kindAt({ kinds }: StitchConfig, index: number, count: number): StitchKind {
  if (Array.isArray(kinds)) return kinds[index]!;
  return kinds === "all-e2h" || (count - 1 - index) % 2 === 0 ? "E2H" : "H2E";
}
