// Model soup: the average of the weights (arXiv 2203.05482).
import { UserError } from "../errors.ts";
import type { HostWeights } from "../model/mod.ts";
import { mergeWeights } from "./weights/merge.ts";

/**
 * The weighted average of models of one shape, accumulated in float64.
 *
 * @param weights one per model; uniform by default
 * @throws UserError `merge.shape` when the models differ in names or shapes, `merge.option` for weights that sum to 0
 *
 * @example
 * ```ts
 * import { initialWeights, modelConfigSchema } from "@stitchbook/stitchbook/model";
 * import { soup } from "@stitchbook/stitchbook/merge";
 * import assert from "node:assert/strict";
 *
 * const config = modelConfigSchema.parse({ vocabSize: 300, width: 16, layers: 1, inner: 32 });
 * const [a, b] = [initialWeights(config, 1), initialWeights(config, 2)];
 * const [name = ""] = Object.keys(a);
 * const average = soup([a, b]);
 * assert.equal(average[name]!.data[0], Math.fround((a[name]!.data[0]! + b[name]!.data[0]!) / 2));
 * ```
 */
export function soup(models: readonly HostWeights[], weights?: readonly number[]): HostWeights {
  if (models.length === 0) throw new UserError("merge.empty", "Cannot average no models", "give at least one");
  return mergeWeights("linear", { models }, { weights });
}
