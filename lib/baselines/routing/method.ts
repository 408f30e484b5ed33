// Expert routing as a method.
import type * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { decoder, forwardFlops, type HostWeights, parameterCount, toDevice, toVariables } from "../../model/mod.ts";
import type { MethodCost } from "../../train/mod.ts";
import { decoderCacheBytes } from "../cost-parts.ts";
import type { Costed, Given, Saved, TrainedMethod } from "../method.ts";
import { trainingOf } from "../training.ts";
import { routedLosses } from "./losses.ts";
import { initialRouter, routedLanguageModel, ROUTER } from "./model.ts";
import { routerTraining } from "./training.ts";

const schema = z.strictObject({});
type RoutingConfig = z.infer<typeof schema>;

const EMBEDDINGS = "model.embed_tokens.weight";

export const routing = {
  name: "routing",
  label: "Expert routing",
  phrase: "expert routing",
  source: "arXiv 2502.00075",
  trains: "N·d",
  summary: "one model for the whole sequence, chosen from the prompt's mean embedding",
  code: import.meta,
  settings: {},
  weighs: true,
  making: "training",
  file: { kind: "routing", schema },
  configOf: () => ({}),
  cost: routingCost,
  // All models run forward: the router learns to name the one with the least loss.
  trainFlops: (_, { model, experts }) => (experts + 1) * forwardFlops(model),
  start({ model, models, rngSeed }: Given<RoutingConfig>) {
    const onDevice = models.map((weights: HostWeights) => toDevice(weights));
    const variables = toVariables(initialRouter(models.length, model.width));
    return trainingOf(variables, onDevice, (options) => routerTraining(model, onDevice, variables, rngSeed, options));
  },
  open({ model, weights, models, onDevice, scope }: Saved<RoutingConfig>) {
    const parts = onDevice();
    const host = { table: models[0]![EMBEDDINGS]!, router: weights[ROUTER]! };
    return {
      model: routedLanguageModel({
        models: parts.map((part) => decoder(model, part)),
        table: parts[0]![EMBEDDINGS] as tf.Tensor2D,
        router: scope.use(toDevice(weights))[ROUTER] as tf.Tensor2D,
      }),
      lossesFrom: (tokens, from, losses) => routedLosses(host, tokens, from, losses),
      // The router chooses among the tokens of the models as it does among their losses.
      topsFrom: (tokens, tops) => ({
        ids: Int32Array.from(routedLosses(host, tokens, 1, tops.map(({ ids }) => ids))),
        confidence: Float32Array.from(routedLosses(host, tokens, 1, tops.map(({ confidence }) => confidence))),
      }),
    };
  },
  outcomeText({ loss, validation }, models) {
    const validated = validation === null ? "" : `, validation ${validation.toFixed(3)}`;
    return `loss ${loss.toFixed(3)}${validated} nats per choice among ${models} models; ` +
      `a uniform guess has ${Math.log(models).toFixed(3)}`;
  },
  ofLosses: true,
} as const satisfies TrainedMethod<RoutingConfig>;

/** One model processes the text; the router is a d × models matrix, applied to one mean embedding per text. */
function routingCost(_: RoutingConfig, { model, experts, cacheBytes }: Costed): MethodCost {
  const own = parameterCount(model);
  const trained = (experts + 1) * model.width;
  const perToken = 2 * trained / model.contextLength;
  return {
    method: "routing",
    parameters: { trained, total: (experts + 1) * own + trained, active: own + trained },
    flops: { forward: forwardFlops(model) + perToken, backward: perToken },
    kvBytes: decoderCacheBytes(model, cacheBytes),
  };
}
