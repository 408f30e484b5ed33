// Attention within a sliding window (Mistral 7B, arXiv 2310.06825 §2).
import * as tf from "@tensorflow/tfjs";
import { causalAttention, maskedAttention, sameDocument } from "./causal-attention.ts";

/** Queries that are computed at once, at most: their scores are held. */
const QUERIES_AT_ONCE = 256;

const queriesPerBlock = (window: number) => Math.min(window, QUERIES_AT_ONCE);

/** The most keys that a block of queries reaches; its scores are `[batch, heads, queries, keys]`. */
export const keysPerBlock = (window: number): number => window + queriesPerBlock(window) - 1;

/**
 * {@linkcode causalAttention} in which each position attends to itself and the `window − 1` positions before it. While the
 * text is no longer than the window, it is the same; beyond, blocks of queries read the keys that they reach.
 *
 * @param window tokens, at least 1; undefined for all
 * @returns float32 like `q`, `[batch, T, heads, headSize]`
 */
export function windowAttention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  window: number | undefined,
  documents?: tf.Tensor2D,
): tf.Tensor4D {
  const [time, keys] = [q.shape[1], k.shape[1]];
  if (window === undefined || keys <= window) return causalAttention(q, k, v, documents);
  const past = keys - time;
  const block = queriesPerBlock(window);
  const parts: tf.Tensor4D[] = [];
  for (let start = 0; start < time; start += block) {
    const count = Math.min(block, time - start);
    const first = Math.max(0, past + start - window + 1);
    const reached = past + start + count - first;
    const [rows, seen] = [slice(q, start, count), [slice(k, first, reached), slice(v, first, reached)] as const];
    if (documents === undefined && reached <= window) {
      parts.push(causalAttention(rows, ...seen)); // as in decoding, one token at a time
      continue;
    }
    const allowed = inWindow(count, reached, window);
    const [from, to] = documents ? [slice(documents, start, count), slice(documents, first, reached)] : [];
    parts.push(maskedAttention(rows, ...seen, from ? tf.logicalAnd(allowed, sameDocument(from, to!)) : allowed));
  }
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}

/** Which of `keys` positions the last `queries` of them see, bool `[1, 1, queries, keys]`. */
function inWindow(queries: number, keys: number, window: number): tf.Tensor {
  const key = tf.range(0, keys, 1, "int32").reshape([1, keys]);
  const query = tf.range(keys - queries, keys, 1, "int32").reshape([queries, 1]);
  const recent = tf.greater(key, tf.sub(query, tf.scalar(window, "int32")));
  return tf.logicalAnd(tf.lessEqual(key, query), recent).reshape([1, 1, queries, keys]);
}

/** Positions `from … from + count − 1` of `[batch, time, …]`. */
function slice<T extends tf.Tensor>(x: T, from: number, count: number): T {
  const rest = x.shape.slice(2);
  return tf.slice(x, [0, from, ...rest.map(() => 0)], [x.shape[0]!, count, ...rest]);
}
