// Options of the stitch layer, where the paper leaves a choice, and where the layers go (BTS, arXiv 2502.00075 §3).
import { z } from "zod";
import { UserError } from "../errors.ts";

/** E2H updates the hub from the experts; H2E updates the experts from the hub. */
export type StitchKind = "E2H" | "H2E";

const FORMER_KEY = "initialisation";

const settingsSchema = z.strictObject({
  mode: z.enum(["hub", "pair"]).default("hub").describe(
    "hub: one model in the middle, as in the paper; pair: two models of equal rank that merge into each other in turn, " +
      "the last time into the one that gives the output",
  ),
  count: z.int().min(1).max(1000).default(2).describe(
    "K, number of stitch layers, unless stitch.positions names them",
  ),
  positions: z.array(z.int().min(1)).nullable().default(null)
    .describe("decoder layers (from 1) that the stitches follow; null: k·⌊L/K⌋, the last at L"),
  kinds: z.union([z.enum(["alternating", "all-e2h"]), z.array(z.enum(["E2H", "H2E"]))]).default("alternating")
    .describe("kinds of the stitches: alternating backwards from a final E2H, all E2H, or a list"),
  expertAfterE2H: z.enum(["projected", "pass-through"]).default("projected")
    .describe("what an expert continues with after an E2H: its projected state, or its own"),
  initialization: z.enum(["identity", "hub-preserving", "random"]).default("identity")
    .describe("W = I and G = 0; or with a gate bias that keeps the hub at step 0; or random"),
  gates: z.enum(["vector", "scalar"]).default("vector")
    .describe("one gate per model and dimension, or one per model"),
  dropout: z.number().min(0).max(0.99).default(0.1).describe("dropout on the gate logits"),
  frozen: z.enum(["float32", "half"]).default("float32")
    .describe(
      "how the frozen models are held: unchanged, or with their matrices rounded to half precision, in half the memory",
    ),
});

/** How the seed and the experts are stitched together. Old settings, runs and stitch files use a former key. */
export const stitchConfigSchema = z.preprocess(renameFormerKey, settingsSchema)
  .meta({ formerKeys: { [FORMER_KEY]: "initialization" } });

export type StitchConfig = z.infer<typeof settingsSchema>;

function renameFormerKey(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, FORMER_KEY)) return value;
  if (Object.hasOwn(value, "initialization")) return value;
  const { [FORMER_KEY]: initialization, ...others } = value as Readonly<Record<string, unknown>>;
  return { ...others, initialization };
}

/** One stitch layer: after which decoder layer (from 1), and of which kind. */
export interface StitchPlace {
  readonly after: number;
  readonly kind: StitchKind;
  /** In a pair, where the two swap roles: an E2H whose hub is the other model. */
  readonly into?: "other";
}

/**
 * Which layers the stitches follow, and their kinds.
 *
 * By default they follow layers k·⌊L/K⌋, the last one L; the last is an E2H, and the kinds alternate backwards from it.
 * In a pair all are E2H, and the receiving model alternates backwards from the one that gives the output.
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
        "stitch.kinds cannot be set if stitch.mode is pair: the models receive in turn",
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
