// The cost of every method of combining models, computed from shapes: parameters, FLOPs and cache per token. FLOPs are
// counted as in lib/train/cost.ts. The cost of training the seed and the experts, common to all methods, is not
// included.
import { WEIGHT_METHODS } from "../merge/mod.ts";
import type { ModelConfig } from "../model/mod.ts";
import { stitchParameterCount, stitchSize } from "../stitch/mod.ts";
import { type MethodCost, stitchedForwardFlops, stitchTrainFlops } from "../train/mod.ts";
import { decoderCacheBytes, parametersBeside } from "./cost-parts.ts";
import type { CommonSettings, Costed } from "./method.ts";
import { baselineCost, btmCost, decoderCost } from "./one-cost.ts";
import { BASELINES, type BaselineSettings } from "./registry.ts";

/** The models and settings that the costs are computed for. */
export interface CostedMethods {
  readonly model: ModelConfig;
  readonly settings: BaselineSettings;
  /** Bytes of one value in a cache. @default 2 */
  readonly cacheBytes?: number | undefined;
}

/**
 * The costs of all methods, roughly from the simplest to the most complex.
 *
 * @example
 * ```ts
 * import { baselineDefaults, methodCosts } from "@stitchbook/stitchbook/baselines";
 * import { modelConfigSchema } from "@stitchbook/stitchbook/model";
 * import { stitchConfigSchema } from "@stitchbook/stitchbook/stitch";
 * import assert from "node:assert/strict";
 *
 * const common = { stitch: stitchConfigSchema.parse({}), experts: ["law", "poems"], domains: ["law", "poems", "news"] };
 * const costs = methodCosts({ model: modelConfigSchema.parse({}), settings: baselineDefaults(common) });
 * const cost = (name: string) => costs.find(({ method }) => method === name)!;
 * assert.equal(cost("dume").parameters.trained, 0);
 * assert.equal(cost("self-stitch").parameters.trained, cost("bts").parameters.trained);
 * ```
 */
export function methodCosts({ model, settings, cacheBytes = 2 }: CostedMethods): MethodCost[] {
  const costed = { model, experts: settings.experts.length, cacheBytes };
  const merged = WEIGHT_METHODS.filter(({ name }) => name !== "linear" && name !== "passthrough").map(({ name }) =>
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
