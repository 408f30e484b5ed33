// The dense model as a method: what one model learns from all the text.
import { forwardFlops, parameterCount } from "../../model/mod.ts";
import { decoderCacheBytes } from "../cost-parts.ts";
import type { PretrainedMethod } from "../method.ts";

export const dense = {
  name: "dense",
  label: "Dense, equal data",
  phrase: "the dense model of equal data",
  source: "–",
  trains: "all weights",
  summary: "the seed, trained further on the union of all rows with the experts' settings",
  code: import.meta,
  settings: {},
  making: "pretraining",
  cost({ model, cacheBytes }) {
    const [own, forward] = [parameterCount(model), forwardFlops(model)];
    return {
      method: "dense",
      parameters: { trained: own, total: own, active: own },
      flops: { forward, backward: 2 * forward },
      kvBytes: decoderCacheBytes(model, cacheBytes),
    };
  },
} as const satisfies PretrainedMethod;
