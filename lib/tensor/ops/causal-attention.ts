// Causal grouped-query attention within documents, with or without cached keys and values.
import * as tf from "@tensorflow/tfjs";
import {
  checkRanks,
  checkTensors,
  hasKernel,
  refuseShapes,
  registerGradient,
  runKernel,
  sameShape,
  sharedGradients,
} from "../kernels.ts";

/**
 * Name of the fused kernel: inputs `{ q: [B, T, H, D], k: [B, S, G, D], v: [B, S, G, D], documents?: int32 [B, S] }`,
 * output `[B, T, H, D]`; `documents` only if S = T, and it has no gradient.
 */
export const CAUSAL_ATTENTION = "StitchbookCausalAttention";
/**
 * Its gradient's kernel: inputs `{ q, k, v, out, dy }`, outputs `[dq, dk, dv]`. `out` is the forward kernel's own output,
 * with which a backend may keep what its gradient needs.
 */
export const CAUSAL_ATTENTION_GRAD = "StitchbookCausalAttentionGrad";

/**
 * `softmax(q kᵀ / √D) v`, where each position attends to itself and earlier positions of the same document.
 *
 * Query t is at position S − T + t: with a cache, the queries are the T newest of S positions. Query head h reads
 * key-value head ⌊h / (H / G)⌋ (grouped-query attention, arXiv 2305.13245).
 *
 * @param q float32 `[batch, T, heads, headSize]`
 * @param k float32 `[batch, S, kvHeads, headSize]`, S ≥ T
 * @param v float32, like `k`
 * @param documents int32 `[batch, S]`, only if S = T; without it each row is one document
 * @returns float32 like `q`
 * @throws UserError `tensor.shape`
 */
export function causalAttention(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  documents?: tf.Tensor2D,
): tf.Tensor4D {
  checkTensors("causalAttention", { q, k, v, ...(documents && { documents }) }, { documents: "int32" });
  checkRanks("causalAttention", { q, k, v }, { q: 4, k: 4, v: 4 });
  const [B, T, H, D] = q.shape;
  const [kB, S, G, kD] = k.shape;
  if (B !== kB || D !== kD || S < T || H % G !== 0 || !sameShape(k, v)) {
    const wanted =
      "batch and head size must be equal, heads a multiple of key-value heads, and keys at least as many " +
      "as queries";
    refuseShapes("causalAttention", { q, k, v }, wanted);
  }
  if (documents !== undefined && (S !== T || String(documents.shape) !== String([B, S]))) {
    refuseShapes(
      "causalAttention",
      { q, k, documents },
      `documents must be [${[B, T]}], with as many keys as queries`,
    );
  }
  if (!hasKernel(CAUSAL_ATTENTION)) return causalAttentionReference(q, k, v, documents);
  return runKernel(CAUSAL_ATTENTION, documents === undefined ? { q, k, v } : { q, k, v, documents });
}

/** The stock composition; it stores a `[B, H, T, S]` matrix. */
export function causalAttentionReference(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  documents?: tf.Tensor2D,
): tf.Tensor4D {
  const [T, S] = [q.shape[1], k.shape[1]];
  const range = (from: number) => tf.range(from, S, 1, "int32");
  const earlier = tf.lessEqual(range(0).reshape([1, S]), range(S - T).reshape([T, 1])).reshape([1, 1, T, S]);
  return maskedAttention(q, k, v, documents ? tf.logicalAnd(earlier, sameDocument(documents, documents)) : earlier);
}

/** Whether queries `[B, T]` and keys `[B, S]` are of one document, bool `[B, 1, T, S]`. */
export function sameDocument(queries: tf.Tensor2D, keys: tf.Tensor2D): tf.Tensor {
  const [B, T] = queries.shape;
  return tf.equal(queries.reshape([B, 1, T, 1]), keys.reshape([B, 1, 1, keys.shape[1]]));
}

/**
 * `softmax(q kᵀ / √D) v` where each query sees the keys that it is allowed to, as a composition of stock operations.
 *
 * @param allowed bool `[1 or B, 1, T, S]`
 */
export function maskedAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, allowed: tf.Tensor): tf.Tensor4D {
  const [B, T, H, D] = q.shape;
  const [, S, G] = k.shape;
  const byHead = (x: tf.Tensor4D) => tf.transpose(x, [0, 2, 1, 3]);
  const group = H / G;
  const repeat = (x: tf.Tensor4D) =>
    group === 1 ? byHead(x) : tf.tile(byHead(x).reshape([B * G, 1, S * D]), [1, group, 1]).reshape([B, H, S, D]);
  const scores = tf.mul(tf.matMul(byHead(q), repeat(k), false, true), 1 / Math.sqrt(D));
  const masked = tf.where(tf.tile(allowed, [B / allowed.shape[0]!, H, 1, 1]), scores, tf.fill([B, H, T, S], -1e30));
  return byHead(tf.matMul(tf.softmax(masked), repeat(v)) as tf.Tensor4D);
}

registerGradient(CAUSAL_ATTENTION, ["q", "k", "v"], (dy, [q, k, v, out]) => {
  const gradient = sharedGradients(() => runKernel(CAUSAL_ATTENTION_GRAD, { q, k, v, out, dy }));
  return { q: gradient(0), k: gradient(1), v: gradient(2) };
}, { keepsOutput: true });
