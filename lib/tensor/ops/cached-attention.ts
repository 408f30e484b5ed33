// Causal attention of new tokens to themselves and to the cached tokens before them, for sequences of different lengths.
import * as tf from "@tensorflow/tfjs";
import { checkRanks, checkTensors, hasKernel, inShape, refuseShapes, runKernel, sameShape } from "../kernels.ts";
import { CACHED_ATTENTION, KEY_VALUES_VIEW, KEY_VALUES_WRITE, type KeyValues, makeRoom } from "./key-values.ts";
import { rope, type RopeTable } from "./rope.ts";
import { windowAttention } from "./window-attention.ts";

/** The cached tokens of one sequence. */
export interface CachedSequence {
  /** Its keys and values in this layer. */
  readonly memory: KeyValues;
  /** Tokens in it. */
  readonly length: number;
}

/** Attributes of {@linkcode CACHED_ATTENTION}. */
export interface CachedAttention {
  readonly lengths: readonly number[];
  readonly capacities: readonly number[];
  /** 0 for none. */
  readonly window: number;
}

/**
 * Writes the keys and values of T new tokens of each sequence behind its cached ones, in place, and attends: each query
 * sees the tokens of its own sequence up to itself. A query's result has the same bits however many sequences and queries
 * a call has. It has no gradient.
 *
 * @param q float32 `[sequences, T, heads, headSize]`
 * @param k float32 `[sequences, T, kvHeads, headSize]`
 * @param v float32, like `k`
 * @param table rotates q and k: of as many positions as all rows have together, or the rows of one of several models
 * @param sequences one per row; their lengths may differ
 * @param window tokens that a query sees, itself included; undefined for all
 * @returns float32 like `q`
 * @throws UserError `tensor.shape`
 */
export function cachedAttention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  table: RopeTable,
  sequences: readonly CachedSequence[],
  window?: number,
): tf.Tensor4D {
  const { cos, sin } = table;
  checkTensors("cachedAttention", { q, k, v, cos, sin });
  checkRanks("cachedAttention", { q, k, v }, { q: 4, k: 4, v: 4 });
  const [B, T, H, D] = q.shape;
  const [, , G] = k.shape;
  if (H % G !== 0 || String(k.shape) !== String([B, T, G, D]) || !sameShape(k, v) || sequences.length !== B) {
    refuseShapes(
      "cachedAttention",
      { q, k, v },
      `q, k and v must have the same batch, time and head size, heads must be a multiple of key-value heads, and there ` +
        `must be a cache per row, not ${sequences.length}`,
    );
  }
  if (!sameShape(cos, sin) || 2 * cos.shape[1] !== D || B * T % cos.shape[0] !== 0) {
    refuseShapes("cachedAttention", { q, cos, sin }, "the table must have half of q's head size, and divide its rows");
  }
  for (const { memory, length } of sequences) makeRoom(memory, length, length + T);
  if (!hasKernel(CACHED_ATTENTION)) {
    const rotated = (x: tf.Tensor4D) =>
      inShape<tf.Tensor4D>(rope(inShape(x, [-1, cos.shape[0], x.shape[2], D]), table), x.shape);
    return oneByOne(rotated(q), rotated(k), v, sequences, window);
  }
  const attributes: CachedAttention = {
    lengths: sequences.map(({ length }) => length),
    capacities: sequences.map(({ memory }) => memory.capacity),
    window: window ?? 0,
  };
  const inputs = [q, k, v, cos, sin, ...sequences.flatMap(({ memory }) => [memory.k!, memory.v!])];
  return runKernel<tf.Tensor4D>(CACHED_ATTENTION, inputs, { ...attributes });
}

/** Sequence by sequence. */
function oneByOne(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  sequences: readonly CachedSequence[],
  window: number | undefined,
): tf.Tensor4D {
  return tf.tidy(() => {
    const row = (x: tf.Tensor4D, b: number) =>
      sequences.length === 1 ? x : tf.slice(x, [b, 0, 0, 0], [1, -1, -1, -1]) as tf.Tensor4D;
    const parts = sequences.map(({ memory, length }, b) => {
      const keys = extended(memory, "k", row(k, b), length);
      return windowAttention(row(q, b), keys, extended(memory, "v", row(v, b), length), window);
    });
    return parts.length === 1 ? parts[0]! : tf.concat(parts, 0);
  });
}

/** Adds `x` `[1, T, G, D]` behind the first `length` positions, and returns all of them. */
function extended(memory: KeyValues, part: "k" | "v", x: tf.Tensor4D, length: number): tf.Tensor4D {
  const old = memory[part];
  if (old !== undefined && hasKernel(KEY_VALUES_WRITE)) {
    runKernel(KEY_VALUES_WRITE, { x, to: old }, { at: length });
    return runKernel<tf.Tensor4D>(KEY_VALUES_VIEW, { x: old }, { length: length + x.shape[1] });
  }
  const before = old === undefined || length === 0 ? [] : [tf.slice(old, [0, 0, 0, 0], [1, length, -1, -1])];
  const grown = tf.keep(tf.concat([...before, x], 1));
  old?.dispose();
  memory[part] = grown;
  return grown as tf.Tensor4D;
}
