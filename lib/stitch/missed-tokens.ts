// What an expert that rests does not read, and how it reads that when it comes back.
import * as tf from "@tensorflow/tfjs";
import { continuePass, decoderLayer, embed, type KvCache } from "../model/mod.ts";
import { inShape } from "../tensor/mod.ts";
import { applyStitch } from "./layer.ts";
import type { StitchedModel } from "./stitched-model.ts";

/** Tokens that a hub read while an expert rested. */
export interface MissedTokens {
  /** Position of the first one in the sequence. */
  readonly start: number;
  readonly length: number;
  /** int32 `[1, length]` */
  readonly ids: tf.Tensor2D;
  /** The hub's states before every stitch but the last, `[length, d]`: all that an expert ever takes from it. */
  readonly hub: readonly tf.Tensor2D[];
}

/**
 * Lets an expert read what it missed: its cache is then what it would be had it run all the time, with its gates at 0.
 *
 * @param model with this expert alone
 * @param missed in order, without gaps, from the end of the cache or before
 */
export function readMissed(
  { config, experts, places, layers }: StitchedModel,
  missed: readonly MissedTokens[],
  cache: KvCache,
): void {
  const parts = missed.filter(({ start, length }) => start + length > cache.length);
  if (parts.length === 0) return;
  const skipped = Math.max(0, cache.length - parts[0]!.start);
  const length = parts.reduce((sum, part) => sum + part.length, -skipped);
  const weights = experts[0]!;
  tf.tidy(() => {
    const ids = tf.slice(tf.concat(parts.map(({ ids }) => ids), 1), [0, skipped], [1, length]);
    const pass = continuePass(config, length, [cache]);
    let h = inShape<tf.Tensor2D>(embed(weights, ids), [length, config.width]);
    let layer = 0;
    places.forEach(({ after }, stitch) => {
      for (; layer < after; layer++) h = decoderLayer(config, weights, layer, h, pass, [cache]);
      if (stitch === places.length - 1) return; // what follows is the hub's
      const hub = tf.slice(tf.concat(parts.map((part) => part.hub[stitch]!), 0), [skipped, 0], [length, -1]);
      h = applyStitch(layers[stitch]!, { hub, experts: [h] }).experts[0]!;
    });
  });
  cache.advance(length);
}
