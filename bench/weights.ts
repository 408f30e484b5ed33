// Random weights that take little time to make.
import { type ModelConfig, type StoredWeight, weightShapes } from "../lib/model/mod.ts";

/** Weights of about the right size, from a generator that takes little time. */
export function fillFast(values: Float32Array, seed: number): void {
  let word = seed | 1;
  for (let i = 0; i < values.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    values[i] = word * (0.03 / 2 ** 31);
  }
}

/** Weights of a model that are made where they are read, range by range, as a run reads its own from files. */
export function unreadWeights(config: ModelConfig, seed: number): Readonly<Record<string, StoredWeight>> {
  return Object.fromEntries([...weightShapes(config)].map(([name, shape], i) => [name, {
    shape,
    values(begin: number, end: number) {
      const data = new Float32Array(end - begin);
      if (shape.length === 1) data.fill(name.endsWith(".bias") ? 0 : 1);
      else fillFast(data, 1000 * seed + i + begin);
      return data;
    },
  }]));
}
