// Merges weight by weight of a seed and its experts, with the seed as the base: those that experiments compare.
import { z } from "zod";
import type { HostWeights } from "../model/mod.ts";
import { soup } from "./soup.ts";
import { mergeWeights } from "./weights/merge.ts";
import { weightMethod } from "./weights/methods.ts";
import { resolveOptions } from "./weights/options.ts";
import type { SeedMergeSchema } from "./inferred-types.ts";

/** The merges, in the order of the tables. */
export const SEED_MERGES = [
  "task-arithmetic",
  "ties",
  "dare-linear",
  "dare-ties",
  "della",
  "breadcrumbs",
  "slerp",
] as const;

export type SeedMerge = typeof SEED_MERGES[number];

/** The settings that the merges share. */
export const seedMergeSchema: SeedMergeSchema = z.strictObject({
  lambda: z.number().min(-100).max(100).default(1).describe("factor of the merged task vector"),
  density: z.number().gt(0).max(1).default(0.5).describe(
    "share of each task vector that TIES, DARE and other methods keep",
  ),
});

export type SeedMergeSettings = z.infer<typeof seedMergeSchema>;

/**
 * Merges experts into their seed.
 *
 * @param rngSeed of the methods that drop parameters at random
 * @throws UserError `merge.shape` when the models differ in names or shapes
 */
export function mergeIntoSeed(
  name: SeedMerge,
  { base, models }: { readonly base: HostWeights; readonly models: readonly HostWeights[] },
  settings: SeedMergeSettings,
  rngSeed: number,
): HostWeights {
  // SLERP takes two models: the seed, and the average of the experts.
  if (name === "slerp") return mergeWeights(name, { base, models: [soup(models)] });
  return mergeWeights(name, { base, models }, optionsOf(name, settings, rngSeed));
}

/** The settings that are options of the method. */
function optionsOf(name: SeedMerge, { lambda, density }: SeedMergeSettings, rngSeed: number) {
  const { options } = weightMethod(name);
  return Object.fromEntries(
    Object.entries({ lambda, density, seed: rngSeed }).filter(([option]) => Object.hasOwn(options, option)),
  );
}

/** @throws UserError `merge.option` for settings that one of the merges cannot take */
export function checkSeedMerges(
  settings: SeedMergeSettings,
  experts: number,
  merges: readonly SeedMerge[] = SEED_MERGES,
): void {
  for (const name of merges) {
    if (name !== "slerp") resolveOptions(weightMethod(name), optionsOf(name, settings, 1), experts);
  }
}
