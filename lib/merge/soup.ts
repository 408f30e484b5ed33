// Model soup: the average of the weights (arXiv 2203.05482).
import { UserError } from "../errors.ts";
import type { HostWeights } from "../model/mod.ts";
import { mergeWeights } from "./weights/merge.ts";

/**
 * The weighted average of models of one shape, accumulated in float64.
 *
 * @param weights one per model; uniform by default
 * @throws UserError `merge.shape` when the models differ in names or shapes, `merge.option` for weights that sum to 0
 */
export function soup(models: readonly HostWeights[], weights?: readonly number[]): HostWeights {
  if (models.length === 0) throw new UserError("merge.empty", "Cannot average no models: give at least one");
  return mergeWeights("linear", { models }, { weights });
}
