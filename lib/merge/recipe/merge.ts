// Merging as a mergekit configuration says.
import { UserError } from "../../errors.ts";
import { type FolderMergeReport, type FolderMergeRequest, mergeParts } from "../weights/folders.ts";
import type { MergePart } from "../weights/parts.ts";
import { sameFolder } from "../weights/same-folder.ts";
import { settingsFor } from "./parameters.ts";
import type { Recipe, RecipeSlice } from "./read.ts";

/** What a configuration does not say. */
export type RecipeMerge = Omit<FolderMergeRequest, "method" | "piece"> & { readonly seed?: number | undefined };

/**
 * Merges folders by a configuration. As in mergekit, the base may be listed among the models, and is added to the models
 * of a method that has none.
 *
 * @throws UserError `merge.config` for a model without a weight, and as `mergeFolders()` does
 */
export async function mergeRecipe(recipe: Recipe, { seed, ...request }: RecipeMerge): Promise<FolderMergeReport> {
  const { method, slices } = recipe;
  const parts: MergePart[] = [];
  for (const slice of slices) parts.push(await partOf(recipe, slice, seed));
  return await mergeParts({
    ...request,
    method: method.name,
    parts,
    // The model whose configuration and tokenizer are kept.
    first: recipe.base,
    where: recipe.path,
    dtype: request.dtype ?? recipe.dtype,
    tokenizer: recipe.tokenizer,
    chatTemplate: recipe.chatTemplate,
  });
}

async function partOf(recipe: Recipe, slice: RecipeSlice, seed: number | undefined): Promise<MergePart> {
  const { method } = recipe;
  const { sources } = slice;
  const base = slice.base ?? recipe.base;
  const isBase = await Promise.all(sources.map(({ model }) => base !== undefined && sameFolder(model, base)));
  const [listed] = sources.filter((_, i) => isBase[i]).map((source) => ({ ...source, model: base! }));
  const others = sources.filter((_, i) => !isBase[i]);
  const whole = sources[0]!.layers === undefined;
  if (listed === undefined && !whole && base !== undefined && method.base === true) {
    throw new UserError(
      "merge.config",
      `${slice.where}: the slice lacks the base ${base}, which ${method.name} needs`,
      "list it among the sources, with as many layers as they have",
    );
  }
  const first = base !== undefined && whole
    ? { model: base, layers: undefined, parameters: {}, where: recipe.path }
    : undefined;
  const usedBase = method.base === false ? undefined : listed ?? first;
  const models = method.base === false ? [...[listed ?? first].flatMap((one) => one ?? []), ...others] : others;
  return {
    where: slice.where,
    base: usedBase,
    reference: base,
    models,
    settings: (tensor, depth, names) => ({
      ...settingsFor(
        method,
        [slice.parameters, recipe.parameters],
        models.map(({ model, parameters }, i) => ({ model, parameters, tensor: names[i]! })),
        tensor,
        depth,
        (parameter, model) =>
          new UserError(
            "merge.config",
            `the model ${model} has no ${parameter}, which ${method.name} needs`,
            `set ${parameter} under the model's parameters, or under parameters at the end for all models`,
          ),
      ),
      ...(seed === undefined ? {} : { seed }),
    }),
  };
}
