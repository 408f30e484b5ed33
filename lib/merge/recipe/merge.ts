// Merging as a mergekit configuration says.
import { UserError } from "../../errors.ts";
import { type FolderMerge, type FolderMergeReport, mergeFolders } from "../weights/folders.ts";
import { sameFolder } from "../weights/same-folder.ts";
import { settingsFor } from "./parameters.ts";
import type { Recipe } from "./read.ts";

/** What a configuration does not say. */
export type RecipeMerge =
  & Pick<FolderMerge, "out" | "dtype" | "allowConfigMismatch" | "shardBytes" | "signal" | "onTensor">
  & { readonly seed?: number | undefined };

/**
 * Merges folders by a configuration. As in mergekit, the base may be listed among the models, and is added to the models
 * of a method that has none.
 *
 * @throws UserError `merge.config` for a model without a weight, and as `mergeFolders()` does
 */
export async function mergeRecipe(recipe: Recipe, { seed, ...request }: RecipeMerge): Promise<FolderMergeReport> {
  const { method, base, models, parameters } = recipe;
  const isBase = await Promise.all(models.map(({ model }) => base !== undefined && sameFolder(model, base)));
  const others = models.filter((_, i) => !isBase[i]);
  const listed = models.filter((_, i) => isBase[i]);
  const first = base === undefined ? [] : listed.length > 0 ? listed : [{ model: base, parameters: {} }];
  // The first model's configuration and tokenizer are kept.
  const merged = method.base === false ? [...first, ...others] : others;
  const missing = (parameter: string, model: string) =>
    new UserError(
      "merge.config",
      `${method.name} needs a ${parameter} for the model ${model}`,
      "set it under parameters",
    );
  return await mergeFolders({
    ...request,
    method: method.name,
    base: method.base === false ? undefined : base,
    models: merged.map(({ model }) => model),
    dtype: request.dtype ?? recipe.dtype,
    settings: (tensor, depth) => ({
      ...settingsFor(method, parameters, merged, tensor, depth, missing),
      ...(seed === undefined ? {} : { seed }),
    }),
  });
}
