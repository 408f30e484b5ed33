// The cost of FlexOlmo, and of training one of its experts.
import type { ModelConfig } from "../../model/mod.ts";
import { layerFlops, type MethodCost } from "../../train/mod.ts";
import { mixtureParameters } from "../mixture/config.ts";
import { mixtureActivations, mixtureCost } from "../mixture/cost.ts";
import type { Costed } from "../method.ts";
import { SOFT } from "./training.ts";

/** What one expert adds: feed-forwards, rows and biases. */
function expertParameters(model: ModelConfig): number {
  return mixtureParameters(model, SOFT, 2).total - mixtureParameters(model, SOFT, 1).total;
}

/** Of the method: of `topK` models for each token, and in training, of one expert beside the public model. */
export function flexOlmoCost(topK: number, costed: Costed): MethodCost {
  const { model, experts } = costed;
  const { parameters: { total }, flops, ...cost } = mixtureCost("flexolmo", SOFT, costed);
  const idle = Math.max(0, 1 + experts - topK);
  const feedForwards = expertParameters(model) - model.layers * (model.width + 1);
  return {
    ...cost,
    parameters: { trained: experts * expertParameters(model), total, active: total - idle * feedForwards },
    flops: {
      forward: flops.forward - idle * model.layers * layerFlops(model).feedForward,
      backward: branchCost(model, 1).flops - mixtureCost("flexolmo", SOFT, { ...costed, experts: 1 }).flops.forward,
    },
  };
}

/** The cost of training one expert beside the public model. */
export function branchCost(model: ModelConfig, tokens: number) {
  const { layers, width, vocabSize } = model;
  const { attention, feedForward, scores } = layerFlops(model);
  const { parameters: { total }, flops: { forward } } = mixtureCost("flexolmo", SOFT, {
    model,
    experts: 1,
    cacheBytes: 4,
  });
  // Gradients of activations, but for what precedes the first expert; and of the expert's weights and the routers.
  const activations = layers * (attention + 2 * scores + 2 * feedForward) - (attention + 2 * scores) +
    2 * width * vocabSize;
  const backward = activations + layers * (feedForward + 2 * 2 * 2 * width);
  return {
    parameters: { trained: expertParameters(model), total, active: total },
    flops: forward + backward,
    furtherActivations: mixtureActivations(SOFT, { model, experts: 1 }, tokens),
  };
}
