// Parts of costs that several methods share.
import { headSizeOf, type ModelConfig, parameterCount } from "../model/mod.ts";
import type { MethodCost } from "../train/mod.ts";

/** Bytes of keys and values that a decoder caches per token. */
export function decoderCacheBytes(config: ModelConfig, cacheBytes: number): number {
  return 2 * config.layers * headSizeOf(config) * config.kvHeads * cacheBytes;
}

/** Number of values in tensors of these shapes. */
export function valuesIn(shapes: ReadonlyMap<string, readonly number[]>): number {
  return shapes.values().reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Parameters of `models` whole models with `trained` more between them, all of which process every token. */
export function parametersBeside(model: ModelConfig, models: number, trained: number): MethodCost["parameters"] {
  const total = models * parameterCount(model) + trained;
  return { trained, total, active: total };
}
