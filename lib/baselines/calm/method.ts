// CALM (arXiv 2401.02412) as a method.
import { type HostWeights, toDevice, toVariables } from "../../model/mod.ts";
import { frozenBackwardFlops, layerFlops, type MethodCost } from "../../train/mod.ts";
import { decoderCacheBytes, parametersBeside, valuesIn } from "../cost-parts.ts";
import type { CommonSettings, Costed, Given, Saved, TrainedMethod } from "../method.ts";
import { trainingOf } from "../training.ts";
import {
  type CalmConfig,
  calmConfigSchema,
  calmLanguageModel,
  calmLayers,
  calmModel,
  calmShapes,
  initialCalm,
} from "./model.ts";
import { calmTraining } from "./training.ts";

export const calm = {
  name: "calm",
  label: "CALM",
  source: "arXiv 2401.02412",
  trains: "5 d² per connection",
  summary: "the seed attends to the experts' states; all models are frozen",
  code: import.meta,
  settings: { calm: calmConfigSchema.prefault({}).describe("CALM") },
  making: "training",
  file: { kind: "calm", schema: calmConfigSchema },
  configOf: ({ calm }: CommonSettings & { readonly calm: CalmConfig }) => calm,
  check: (config, { layers }) => void calmLayers(config, layers),
  cost: calmCost,
  start({ model, config, models, rngSeed }: Given<CalmConfig>) {
    const [anchor, ...augmenting] = models.map((weights: HostWeights) => toDevice(weights));
    const variables = toVariables(initialCalm(config, { augmenting: augmenting.length, width: model.width }, rngSeed));
    const whole = calmModel({ config: model, calm: config, anchor: anchor!, augmenting, connections: variables });
    return trainingOf(variables, [anchor!, ...augmenting], (options) => calmTraining(whole, variables, options));
  },
  open({ model, config, weights, onDevice, scope }: Saved<CalmConfig>) {
    const [anchor, ...augmenting] = onDevice();
    const connections = scope.use(toDevice(weights));
    return {
      model: calmLanguageModel(calmModel({ config: model, calm: config, anchor: anchor!, augmenting, connections })),
    };
  },
} as const satisfies TrainedMethod<CalmConfig>;

/** All layers of the anchor and, up to the last connection, of the others, through which no gradient flows. */
function calmCost(config: CalmConfig, { model, experts, cacheBytes }: Costed): MethodCost {
  // Plans of `deno task plan` use the default, also for models with fewer layers.
  const fitting = { connections: Math.min(config.connections, model.layers) };
  const trained = valuesIn(calmShapes(fitting, { augmenting: experts, width: model.width }));
  const places = calmLayers(fitting, model.layers);
  const { attention, feedForward, scores } = layerFlops(model);
  const layer = attention + feedForward + scores;
  const head = 2 * model.width * model.vocabSize;
  const connections = places.length * experts;
  const forward = (1 + experts) * model.layers * layer + head + 2 * trained + connections * scores;
  const behind = model.layers - places[0]!;
  // Of a connection's five products, the projection and, in the first connections, the query have frozen inputs.
  const inputs = 2 * model.width ** 2 * (3 * connections + (connections - experts));
  const backward = behind * frozenBackwardFlops(model) + head + 2 * trained + inputs + 2 * connections * scores;
  return {
    method: "calm",
    parameters: parametersBeside(model, experts + 1, trained),
    flops: { forward, backward },
    kvBytes: (experts + 1) * decoderCacheBytes(model, cacheBytes) + 2 * connections * model.width * cacheBytes,
  };
}
