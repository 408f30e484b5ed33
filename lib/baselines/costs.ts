// The cost of every method of combining models, computed from shapes: parameters, FLOPs and cache per token. FLOPs are
// counted as in lib/train/cost.ts. The cost of training the seed and the experts, common to all methods, is not
// included.
import { WEIGHT_METHODS } from "../merge/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { stitchParameterCount, stitchSize } from "../stitch/mod.ts";
import { type MethodCost, stitchedForwardFlops, stitchTrainFlops } from "../train/mod.ts";
import { decoderCacheBytes, parametersBeside } from "./cost-parts.ts";
import type { BaselineMethod, CommonSettings, Costed } from "./method.ts";
import { BASELINES, type BaselineSettings } from "./registry.ts";

/** The models and settings that the costs are computed for. */
export interface CostedMethods {
  readonly model: ModelConfig;
  readonly settings: BaselineSettings;
  /** Bytes of one value in a cache. @default 2 */
  readonly cacheBytes?: number | undefined;
}

/** The costs of all methods, roughly from the simplest to the most complex. */
export function methodCosts({ model, settings, cacheBytes = 2 }: CostedMethods): MethodCost[] {
  const costed = { model, experts: settings.experts.length, cacheBytes };
  const merged = WEIGHT_METHODS.filter(({ name }) => name !== "linear").map(({ name }) =>
    decoderCost(name.replaceAll("_", "-"), costed)
  );
  const built = (pretrained: boolean) =>
    BASELINES.filter(({ making }) => (making === "pretraining") === pretrained)
      .map((method) => baselineCost(method, settings, costed));
  return [
    decoderCost("seed", costed),
    decoderCost("expert", costed),
    ...built(true),
    decoderCost("soup", costed),
    ...merged,
    btmCost(costed),
    ...built(false),
    btsCost(settings, costed),
  ];
}

/** The cost of a method of the registry. */
export function baselineCost(method: BaselineMethod, settings: BaselineSettings, costed: Costed): MethodCost {
  return method.making === "pretraining" ? method.cost(costed) : method.cost(method.configOf(settings), costed);
}

/** One decoder, in which nothing is trained. */
function decoderCost(method: string, { model, cacheBytes }: Costed): MethodCost {
  const own = parameterCount(model);
  return {
    method,
    parameters: { trained: 0, total: own, active: own },
    flops: { forward: forwardFlops(model), backward: 0 },
    kvBytes: decoderCacheBytes(model, cacheBytes),
  };
}

/** The cost of the ensemble of the seed and the experts. */
export function btmCost({ model, experts, cacheBytes }: Costed): MethodCost {
  const models = experts + 1;
  return {
    method: "btm",
    parameters: parametersBeside(model, models, 0),
    flops: { forward: models * forwardFlops(model), backward: 0 },
    kvBytes: models * decoderCacheBytes(model, cacheBytes),
  };
}

function btsCost({ stitch }: CommonSettings, { model, experts, cacheBytes }: Costed): MethodCost {
  const trained = stitchParameterCount(stitch, stitchSize(stitch, model, experts));
  const forward = stitchedForwardFlops(model, stitch, experts);
  return {
    method: "bts",
    parameters: parametersBeside(model, experts + 1, trained),
    flops: { forward, backward: stitchTrainFlops(model, stitch, experts) - forward },
    kvBytes: (experts + 1) * decoderCacheBytes(model, cacheBytes),
  };
}
