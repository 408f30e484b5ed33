// Settings of the stitches, where the paper leaves a choice, and where they are placed (BTS, arXiv 2502.00075 §3).
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { StitchKindName } from "../stitch-kinds.ts";
import { kindSettings, STITCH_KINDS, stitchKind } from "./kinds/registry.ts";
import { sharedSettings } from "./settings.ts";
import type { StitchConfigSchema, StitchSettingsSchema } from "./inferred-types.ts";

const FORMER_KEY = "initialisation";

/** Values of `stitch.kinds` for any number of stitches: the kinds backwards from the last stitch, over and over. */
const PATTERNS = {
  "alternating": ["E2H", "H2E"],
  "all-e2h": ["E2H"],
} as const satisfies Record<string, readonly StitchKindName[]>;

/** The kind of all stitches of a pair. */
const PAIR_KIND: StitchKindName = "E2H";

const kindNames = STITCH_KINDS.map(({ name }) => name);

const settingsSchema: StitchSettingsSchema = z.strictObject({
  mode: z.enum(["hub", "pair"]).default("hub").describe(
    "hub: one model in the middle, as in the paper; pair: two models of equal rank that merge into each other in turn, " +
      "the last time into the one that gives the output",
  ),
  count: z.int().min(1).max(1000).default(2).describe(
    "K, number of stitch layers, unless stitch.positions names them",
  ),
  positions: z.array(z.int().min(1)).nullable().default(null)
    .describe("decoder layers (from 1) that the stitches follow; null: k·⌊L/K⌋, the last at L"),
  kinds: z.union([z.enum(Object.keys(PATTERNS) as (keyof typeof PATTERNS)[]), z.array(z.enum(kindNames))])
    .default("alternating").describe(
      "kinds of the stitches: E2H and H2E alternating backwards from a final E2H, all E2H, or a list. " +
        STITCH_KINDS.map(({ name, description }) => `${name} ${description}`).join("; "),
    ),
  ...kindSettings,
  ...sharedSettings,
  frozen: z.enum(["float32", "half"]).default("float32")
    .describe(
      "how the frozen models are held: unchanged, or with their matrices rounded to half precision, in half the memory",
    ),
});

/** How the seed and the experts are stitched together. Old settings, runs and stitch files use a former key. */
export const stitchConfigSchema: StitchConfigSchema = z.preprocess(renameFormerKey, settingsSchema)
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
  readonly kind: StitchKindName;
  /** In a pair, where the two swap roles: the stitch's hub is the other model. */
  readonly into?: "other";
}

/**
 * Which layers the stitches follow, and their kinds.
 *
 * By default they follow layers k·⌊L/K⌋, the last one L, and the kinds alternate backwards from a last one that updates
 * the hub. In a pair all update their hub, and the receiving model alternates backwards from the one that gives the
 * output.
 *
 * @throws UserError `stitch.placement` when K exceeds L, or an explicit list does not fit
 *
 * @example
 * ```ts
 * import { placeStitches, stitchConfigSchema } from "@stitchbook/stitchbook/stitch";
 * import assert from "node:assert/strict";
 *
 * const places = placeStitches(stitchConfigSchema.parse({ count: 2 }), 8);
 * assert.deepEqual(places.map(({ after, kind }) => [after, kind]), [[4, "H2E"], [8, "E2H"]]);
 * ```
 */
export function placeStitches(config: StitchConfig, layers: number): StitchPlace[] {
  const positions = config.positions ?? evenPositions(config.count, layers);
  const count = positions.length;
  if (config.positions !== null) checkPositions(positions, layers);
  const kinds = kindsOf(config, count);
  const swapped = (i: number) => config.mode === "pair" && (count - 1 - i) % 2 === 1;
  return positions.map((after, i) => ({ after, kind: kinds[i]!, ...(swapped(i) ? { into: "other" } : {}) }));
}

/**
 * The kinds of `count` stitches, in order.
 *
 * @throws UserError `stitch.placement` when `stitch.kinds` does not fit the count, or does not end with a kind that
 * updates the hub
 */
export function kindsOf(config: StitchConfig, count: number): readonly StitchKindName[] {
  const { kinds } = config;
  const refuse = (message: string) => new UserError("stitch.placement", message);
  if (config.mode === "pair") {
    if (kinds === "alternating") return Array(count).fill(PAIR_KIND);
    throw refuse("stitch.kinds cannot be set if stitch.mode is pair: the models receive in turn");
  }
  if (!Array.isArray(kinds)) {
    const pattern = PATTERNS[kinds];
    return Array.from({ length: count }, (_, i) => pattern[(count - 1 - i) % pattern.length]!);
  }
  if (kinds.length !== count) {
    const [listed, needed] = [counted(kinds.length, "kind"), counted(count, "stitch", "stitches")];
    throw refuse(`stitch.kinds lists ${listed} for ${needed}: give one for each`);
  }
  const updates = (kind: StitchKindName) => stitchKind(kind).receivers(config).includes("hub");
  if (!updates(kinds.at(-1)!)) {
    const names = kindNames.filter(updates).join(" or ");
    throw refuse(`stitch.kinds must end with ${names}, not ${kinds.at(-1)}: the output is the hub's`);
  }
  return kinds;
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

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
