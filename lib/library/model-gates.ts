// The names and colors of the models that a run's model weighs.
import { SELF_STITCH } from "../baselines/mod.ts";
import type { FinishedRun } from "../bts/mod.ts";
import type { ModelGates } from "../infer/mod.ts";
import { expertDomain, methodColors } from "../methods.ts";
import type { LanguageModel } from "../model/mod.ts";
import { decoderNames, type SavedModel } from "./saved-models.ts";

/**
 * What the gates of an opened model mean. Models have the colors that they have in the run's figures.
 *
 * @param stitched the names of a stitched model's models, in its order: `seed`, `code`, …
 * @param without domains whose experts left the model
 * @returns undefined for a model without gates
 */
export function modelGates(
  run: FinishedRun,
  saved: SavedModel,
  { gates: places, switchable = [] }: LanguageModel,
  { stitched, without = [] }: { readonly stitched?: readonly string[]; readonly without?: readonly string[] } = {},
): ModelGates | undefined {
  const count = places?.at(-1)?.models.length;
  if (places === undefined || count === undefined) return undefined;
  const all = decoderNames(run);
  const names = namesOf();
  const colors = methodColors([...new Set([...all, ...names])]);
  return { places, models: names.map((name) => ({ name, color: colors.get(name)! })), switchable };

  function namesOf(): readonly string[] {
    if (stitched !== undefined) return stitched.map((name) => name === "seed" ? name : `expert:${name}`);
    if (saved.kind === "method" && saved.method.name === SELF_STITCH.name) {
      return ["seed", ...Array.from({ length: count! - 1 }, (_, i) => `copy ${i + 1}`)];
    }
    // A mixture may do without the seed.
    return all.filter((name) => !without.includes(expertDomain(name) ?? "")).slice(-count!);
  }
}
