// The KV cache: keys and values of the tokens that one sequence has read so far, by layer.
import {
  type CachedSequence,
  disposeKeyValues,
  forkKeyValues,
  type KeyValues,
  keyValues,
  keyValuesBytes,
} from "../tensor/mod.ts";
import { headSizeOf, type ModelConfig } from "./config.ts";
import type { DecodingState } from "./decoding-state.ts";

/** The shape of a cache. */
export interface KvShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headSize: number;
  /** Most tokens that it will hold. */
  readonly contextLength: number;
}

/** The shape of a decoder's cache, or of one with fewer layers. */
export function kvShape(config: ModelConfig, layers = config.layers): KvShape {
  const { kvHeads, contextLength } = config;
  return { layers, kvHeads, headSize: headSizeOf(config), contextLength };
}

/** The cache of one sequence and one model. It grows in place, and takes memory for layers that are used only. */
export class KvCache implements DecodingState {
  readonly canRewind = true;
  readonly shape: KvShape;
  readonly #layers: KeyValues[];
  #length = 0;

  constructor(shape: KvShape, forked?: { readonly layers: KeyValues[]; readonly length: number }) {
    this.shape = shape;
    const { kvHeads, headSize, contextLength: limit } = shape;
    this.#layers = forked?.layers ??
      Array.from({ length: shape.layers }, () => keyValues({ kvHeads, headSize, limit }));
    this.#length = forked?.length ?? 0;
  }

  /** Number of tokens in the cache. */
  get length(): number {
    return this.#length;
  }

  /** A layer's keys and values, for attention to write to. */
  at(layer: number): CachedSequence {
    return { memory: this.#layers[layer]!, length: this.#length };
  }

  /** Says that every layer has written this many more tokens. A pass that fails before leaves the cache as it was. */
  advance(tokens: number): void {
    this.#length += tokens;
  }

  bytes(length: number = this.#length): number {
    const { layers, kvHeads, headSize, contextLength: limit } = this.shape;
    return layers * keyValuesBytes({ kvHeads, headSize, limit }, length);
  }

  fork(length: number): KvCache {
    if (!(length >= 0 && length <= this.#length)) {
      throw new RangeError(`Cannot fork ${this.#length} tokens at ${length}`);
    }
    return new KvCache(this.shape, { layers: this.#layers.map((memory) => forkKeyValues(memory, length)), length });
  }

  dispose(): void {
    this.#layers.forEach(disposeKeyValues);
    this.#length = 0;
  }
}

/** Caches of models that read the same sequence together. */
export class KvCaches implements DecodingState {
  readonly canRewind = true;
  readonly caches: readonly KvCache[];

  /** @param caches at least one */
  constructor(caches: readonly KvCache[]) {
    this.caches = caches;
  }

  get length(): number {
    return this.caches[0]!.length;
  }

  advance(tokens: number): void {
    for (const cache of this.caches) cache.advance(tokens);
  }

  bytes(length = this.length): number {
    return this.caches.reduce((sum, cache) => sum + cache.bytes(length), 0);
  }

  fork(length: number): KvCaches {
    return new KvCaches(this.caches.map((cache) => cache.fork(length)));
  }

  dispose(): void {
    for (const cache of this.caches) cache.dispose();
  }
}
