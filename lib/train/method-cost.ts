// The cost of every method of combining models, computed from shapes: parameters, FLOPs and cache per token. FLOPs are
// counted as in cost.ts. The cost of training the seed and the experts, common to all methods, is not included.
import {
  addedNames,
  type CalmConfig,
  calmLayers,
  calmShapes,
  type MixtureName,
  mixtureParameters,
  MIXTURES,
  mixtureShapes,
  WEIGHT_METHODS,
} from "../merge/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { placeStitches, type StitchConfig, stitchParameterCount } from "../stitch/mod.ts";
import { frozenBackwardFlops, layerFlops } from "./cost.ts";
import { stitchedForwardFlops, stitchTrainFlops } from "./stitch-cost.ts";

/** The cost of one method. */
export interface MethodCost {
  /** As in results: `seed`, `soup`, `dare-ties`, `btx-soft`, … */
  readonly method: string;
  /** Active: all parameters of every model that processes a token, including its head and embeddings. */
  readonly parameters: { readonly trained: number; readonly total: number; readonly active: number };
  /** FLOPs per token: of inference, and of a training step's backward pass (0 if nothing is trained). */
  readonly flops: { readonly forward: number; readonly backward: number };
  /** Bytes of keys and values cached per token. */
  readonly kvBytes: number;
}

/** The models and settings that the costs are computed for. */
export interface CostedMethods {
  readonly model: ModelConfig;
  /** Number of experts, without the seed. */
  readonly experts: number;
  readonly stitch: StitchConfig;
  readonly calm: CalmConfig;
  /** Bytes of one value in a cache. @default 2 */
  readonly cacheBytes?: number | undefined;
}

/** The costs of all methods, roughly from the simplest to the most complex. */
export function methodCosts(methods: CostedMethods): MethodCost[] {
  const { model, experts, cacheBytes = 2 } = methods;
  const [own, forward] = [parameterCount(model), forwardFlops(model)];
  const kv = 2 * model.layers * (model.width / model.heads) * model.kvHeads * cacheBytes;
  const models = experts + 1;
  const one = (method: string, trained = 0): MethodCost => ({
    method,
    parameters: { trained, total: own, active: own },
    flops: { forward, backward: trained === 0 ? 0 : 2 * forward },
    kvBytes: kv,
  });
  const merged = WEIGHT_METHODS.filter(({ name }) => name !== "linear").map(({ name }) =>
    one(name.replaceAll("_", "-"))
  );
  return [
    one("seed"),
    one("expert"),
    one("dense", own),
    one("soup"),
    ...merged,
    {
      method: "btm",
      parameters: { trained: 0, total: models * own, active: models * own },
      flops: { forward: models * forward, backward: 0 },
      kvBytes: models * kv,
    },
    routing(methods, own, forward, kv),
    ...(Object.keys(MIXTURES) as MixtureName[]).map((name) => mixture(methods, name, kv)),
    calm(methods, own, kv),
    bts(methods, own, kv),
  ];
}

/** One model processes the text; the router is a d × models matrix, applied to one mean embedding per text. */
function routing({ model, experts }: CostedMethods, own: number, forward: number, kvBytes: number): MethodCost {
  const trained = (experts + 1) * model.width;
  const perToken = 2 * trained / model.contextLength;
  return {
    method: "routing",
    parameters: { trained, total: (experts + 1) * own + trained, active: own + trained },
    flops: { forward: forward + perToken, backward: perToken },
    kvBytes,
  };
}

function mixture({ model, experts }: CostedMethods, name: MixtureName, kv: number): MethodCost {
  const config = MIXTURES[name];
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
    kvBytes: attentions * kv,
  };
}

/** All layers of the anchor and, up to the last connection, of the others, through which no gradient flows. */
function calm({ model, experts, calm, cacheBytes = 2 }: CostedMethods, own: number, kv: number): MethodCost {
  const trained = sizeOf(calmShapes(calm, { augmenting: experts, width: model.width }));
  const places = calmLayers(calm, model.layers);
  const { attention, feedForward, scores } = layerFlops(model);
  const layer = attention + feedForward + scores;
  const head = 2 * model.width * model.vocabSize;
  const connections = places.length * experts;
  const forward = (1 + experts) * model.layers * layer + head + 2 * trained + connections * scores;
  const behind = model.layers - places[0]!;
  // Of a connection's five products, the projection and, in the first connections, the query have frozen inputs.
  const inputs = 2 * model.width ** 2 * (3 * connections + (connections - experts));
  const backward = behind * frozenBackwardFlops(model) + head + 2 * trained + inputs + 2 * connections * scores;
  const total = (experts + 1) * own + trained;
  const crossCache = 2 * connections * model.width * cacheBytes;
  return {
    method: "calm",
    parameters: { trained, total, active: total },
    flops: { forward, backward },
    kvBytes: (experts + 1) * kv + crossCache,
  };
}

function bts({ model, experts, stitch }: CostedMethods, own: number, kv: number): MethodCost {
  const stitches = placeStitches(stitch, model.layers).length;
  const trained = stitchParameterCount(stitch, { stitches, experts, width: model.width });
  const total = (experts + 1) * own + trained;
  const forward = stitchedForwardFlops(model, stitch, experts);
  return {
    method: "bts",
    parameters: { trained, total, active: total },
    flops: { forward, backward: stitchTrainFlops(model, stitch, experts) - forward },
    kvBytes: (experts + 1) * kv,
  };
}

function sizeOf(shapes: ReadonlyMap<string, readonly number[]>): number {
  return shapes.values().reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
