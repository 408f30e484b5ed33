// A configuration with its models under other names.
import type { Recipe } from "./read.ts";

/** The configuration with each model replaced by what `rename` gives for it. */
export async function withModels(recipe: Recipe, rename: (model: string) => Promise<string>): Promise<Recipe> {
  const optional = async (model: string | undefined) => model === undefined ? undefined : await rename(model);
  const slices = [];
  for (const slice of recipe.slices) {
    const sources = [];
    for (const source of slice.sources) sources.push({ ...source, model: await rename(source.model) });
    slices.push({ ...slice, base: await optional(slice.base), sources });
  }
  return { ...recipe, base: await optional(recipe.base), slices };
}
