// The cost of training each method, for plans.
import { microBatchTokens, trainedTokens } from "../../lib/bts/mod.ts";
import { type MixtureName, MIXTURES } from "../../lib/merge/mod.ts";
import { type ModelConfig, parameterCount } from "../../lib/model/mod.ts";
import type { CellCost } from "../../lib/run/mod.ts";
import { type MethodCost, methodCosts, trainedLayers, trainingBytes } from "../../lib/train/mod.ts";
import type { BaselinesConfig, MergedMethod } from "./config.ts";

/** The cost of one method, computed from shapes; `btm` is the first ensemble. */
export function costOf({ experts, stitch, baselines }: BaselinesConfig, model: ModelConfig, name: string): MethodCost {
  const costs = methodCosts({ model, experts: experts.length, stitch, calm: baselines.calm });
  return costs.find(({ method }) => method === name)!;
}

/** FLOPs of one training token. Training a router runs all models forward. */
export function trainFlops(config: BaselinesConfig, model: ModelConfig, name: MergedMethod): number {
  if (name === "routing") return costOf(config, model, "btm").flops.forward;
  const { forward, backward } = costOf(config, model, name).flops;
  return forward + backward;
}

/** The cost of training a method on the text of the stitches. */
export function trainingCost(config: BaselinesConfig, model: ModelConfig, name: MergedMethod): CellCost {
  const { stitch } = config.train;
  const tokens = trainedTokens(stitch, model);
  const perPass = microBatchTokens(stitch, model);
  const models = 1 + config.experts.length;
  const { trained, total } = costOf(config, model, name).parameters;
  // Weights, gradients and moments of the trained ones, and activations of a decoder and of each further expert that
  // processes a token.
  const plain = trainingBytes(model, perPass) - 16 * parameterCount(model);
  const further = Object.hasOwn(MIXTURES, name) ? furtherBlocks(name as MixtureName, models) : 0;
  const activations = 4 * model.layers * perPass * further * (4 * model.width + 3 * model.inner);
  const bytes = plain + 4 * (total + 3 * trained) + activations;
  return {
    tokens,
    flops: tokens * trainFlops(config, model, name),
    layers: trainedLayers(stitch, model, models),
    bytes,
  };
}

/** Number of blocks per layer that process a token, beyond a decoder's two. */
function furtherBlocks(name: MixtureName, models: number): number {
  const { attention, routing } = MIXTURES[name];
  const used = { "soft": models, "sample": 1, "top-2": 2 }[routing];
  return used - 1 + (attention === "experts" ? models - 1 : 0);
}
