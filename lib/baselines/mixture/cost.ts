// The cost of a mixture of experts.
import type { ModelConfig } from "../../model/mod.ts";
import { layerFlops, type MethodCost } from "../../train/mod.ts";
import { decoderCacheBytes } from "../cost-parts.ts";
import type { Costed, Sizes } from "../method.ts";
import { addedNames, type MixtureConfig, mixtureParameters, mixtureShapes } from "./config.ts";

/** The cost of a mixture of the seed and its experts. */
export function mixtureCost(name: string, config: MixtureConfig, { model, experts, cacheBytes }: Costed): MethodCost {
  const models = experts + 1;
  const { attention, feedForward, scores } = layerFlops(model);
  const attentions = config.attention === "experts" ? models : 1;
  const active = { soft: models, sample: 1, "top-2": Math.min(2, models) }[config.routing];
  const shapes = mixtureShapes(model, config, models);
  // Every router processes every token; adapters process only the tokens routed to their expert.
  const idle = (models - active) / models;
  const added = addedNames(config, model.layers, models).reduce((sum, name) => {
    const size = shapes.get(name)!.reduce((a, b) => a * b, 1);
    return sum + 2 * size * (name.includes(".mlp.adapters.") ? 1 - idle : 1);
  }, 0);
  const head = 2 * model.width * model.vocabSize;
  const layer = attentions * (attention + scores) + active * feedForward;
  const forward = model.layers * layer + head + added;
  // Frozen layers after the first adapter: activation gradients of everything but the first layer's attention.
  const frozen = model.layers * (layer + attentions * scores) - attentions * (attention + 2 * scores) + head;
  return {
    method: name,
    parameters: mixtureParameters(model, config, models),
    flops: { forward, backward: config.adapters ? frozen + 2 * added : 2 * forward },
    kvBytes: attentions * decoderCacheBytes(model, cacheBytes),
  };
}

/** Values kept by the blocks of a layer that process a token beyond a decoder's two. */
export function mixtureActivations({ attention, routing }: MixtureConfig, { model, experts }: Sizes, tokens: number) {
  const models = experts + 1;
  const used = { "soft": models, "sample": 1, "top-2": 2 }[routing];
  const further = used - 1 + (attention === "experts" ? models - 1 : 0);
  return model.layers * tokens * further * activationsOfBlock(model);
}

const activationsOfBlock = ({ width, inner }: ModelConfig) => 4 * width + 3 * inner;
