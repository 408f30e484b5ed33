// The cost of one method. It does not import the list of all methods, so that the cells of one method depend on no other.
import { forwardFlops, parameterCount } from "../model/mod.ts";
import type { MethodCost } from "../train/mod.ts";
import { decoderCacheBytes, parametersBeside } from "./cost-parts.ts";
import type { BaselineMethod, Costed } from "./method.ts";
import type { BaselineSettings } from "./registry.ts";

/** The cost of a method of the registry. */
export function baselineCost(method: BaselineMethod, settings: BaselineSettings, costed: Costed): MethodCost {
  return method.making === "pretraining" ? method.cost(costed) : method.cost(method.configOf(settings), costed);
}

/** One decoder, in which nothing is trained. */
export function decoderCost(method: string, { model, cacheBytes }: Costed): MethodCost {
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
