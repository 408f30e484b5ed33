// The KV cache: keys and values of the tokens read so far, one entry per layer.
import * as tf from "@tensorflow/tfjs";

/** Keys (rotated) and values of one layer, `[batch, length, kvHeads, headSize]`. */
export interface LayerCache {
  k: tf.Tensor4D;
  v: tf.Tensor4D;
}

/** The cache of one model; it grows in place. */
export class KvCache {
  readonly layers: (LayerCache | undefined)[];

  constructor(layers: number) {
    this.layers = Array.from({ length: layers }, () => undefined);
  }

  /** Number of tokens in the cache. */
  get length(): number {
    return this.layers[0]?.k.shape[1] ?? 0;
  }

  /** Appends one layer's new keys and values, and returns all of them. */
  append(layer: number, k: tf.Tensor4D, v: tf.Tensor4D): LayerCache {
    const old = this.layers[layer];
    const grown = old === undefined
      ? { k: tf.keep(tf.clone(k)), v: tf.keep(tf.clone(v)) }
      : { k: tf.keep(tf.concat([old.k, k], 1)), v: tf.keep(tf.concat([old.v, v], 1)) };
    old?.k.dispose();
    old?.v.dispose();
    this.layers[layer] = grown;
    return grown;
  }

  dispose(): void {
    for (const layer of this.layers) {
      layer?.k.dispose();
      layer?.v.dispose();
    }
    this.layers.fill(undefined);
  }
}

/** Caches of models that decode together; all have read the same tokens. */
export class KvCaches {
  readonly caches: readonly KvCache[];

  constructor(caches: number, layers: number) {
    this.caches = Array.from({ length: caches }, () => new KvCache(layers));
  }

  get length(): number {
    return this.caches[0]!.length;
  }

  dispose(): void {
    for (const cache of this.caches) cache.dispose();
  }
}
