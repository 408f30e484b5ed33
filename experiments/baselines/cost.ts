// The cost of building and measuring each method, for plans.
import {
  baselineCost,
  type BaselineMethod,
  type BranchedMethod,
  btmCost,
  type FittedMethod,
  type TrainedMethod,
} from "../../lib/baselines/mod.ts";
import { microBatchTokens, trainedTokens } from "../../lib/bts/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../../lib/model/mod.ts";
import type { CellCost } from "../../lib/run/mod.ts";
import { type MethodCost, passedLayers, trainedLayers, trainingBytes } from "../../lib/train/mod.ts";
import type { BaselinesConfig } from "./config.ts";
import { settingsOf } from "./method.ts";

/** Bytes of a value in a cache: float32. */
export const CACHE_BYTES = 4;

/** The cost of one method, computed from shapes. */
export function costOf(config: BaselinesConfig, model: ModelConfig, method: BaselineMethod): MethodCost {
  return baselineCost(method, settingsOf(config), sizesOf(config, model));
}

/** FLOPs of one token of the ensemble. */
export function ensembleFlops(config: BaselinesConfig, model: ModelConfig): number {
  return btmCost(sizesOf(config, model)).flops.forward;
}

/** FLOPs of one training token. */
export function trainFlops(config: BaselinesConfig, model: ModelConfig, method: TrainedMethod): number {
  const { forward, backward } = costOf(config, model, method).flops;
  return method.trainFlops?.(method.configOf(settingsOf(config)), sizesOf(config, model)) ?? forward + backward;
}

/** The cost of training a method on the text of the stitches. */
export function trainingCost(config: BaselinesConfig, model: ModelConfig, method: TrainedMethod): CellCost {
  const { stitch } = config.train;
  const tokens = trainedTokens(stitch, model);
  const perPass = microBatchTokens(stitch, model);
  const { trained, total } = costOf(config, model, method).parameters;
  // Weights, gradients and moments of the trained ones, and the activations of a decoder and of what runs beside it.
  const plain = trainingBytes(model, perPass) - 16 * parameterCount(model);
  const settings = method.configOf(settingsOf(config));
  const further = method.furtherActivations?.(settings, sizesOf(config, model), perPass) ?? 0;
  return {
    tokens,
    flops: tokens * trainFlops(config, model, method),
    layers: trainedLayers(stitch, model, method.combines === "seed" ? 1 : 1 + config.experts.length),
    bytes: plain + 4 * (total + 3 * trained + further),
  };
}

/** The cost of training one branch of a method, and of the documents that it reads first. */
export function branchTrainingCost(config: BaselinesConfig, model: ModelConfig, method: BranchedMethod): CellCost {
  const { expert } = config.train;
  const tokens = trainedTokens(expert, model);
  const perPass = microBatchTokens(expert, model);
  const { parameters: { trained, total }, flops, furtherActivations } = method.branchCost(model, perPass);
  const reads = method.reads(method.branchOf(method.configOf(settingsOf(config))));
  const domains = 1 + Object.values(config.mix.seed).filter((share) => share > 0).length;
  const read = domains * reads.documents * Math.min(reads.tokens, model.contextLength);
  const plain = trainingBytes(model, perPass) - 16 * parameterCount(model);
  return {
    tokens,
    flops: tokens * flops + read * forwardFlops(model),
    layers: trainedLayers(expert, model, 2),
    bytes: plain + 4 * (total + 3 * trained + furtherActivations),
  };
}

/** The cost of fitting a method, if no document is shorter than what is read of it. */
export function fittingCost(config: BaselinesConfig, model: ModelConfig, method: FittedMethod): CellCost {
  const settings = method.configOf(settingsOf(config));
  const reads = method.reads(settings);
  const documents = reads.documents * Object.keys(config.data.domains).length;
  const tokens = documents * Math.min(reads.tokens, model.contextLength);
  const { flops, passes, bytes } = method.fitCost(settings, sizesOf(config, model));
  return { tokens, flops: tokens * flops, layers: documents * passes * passedLayers(model), bytes };
}

const sizesOf = ({ experts }: BaselinesConfig, model: ModelConfig) => ({
  model,
  experts: experts.length,
  cacheBytes: CACHE_BYTES,
});
