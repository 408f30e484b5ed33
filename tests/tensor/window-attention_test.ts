// Attention within a sliding window against sums written out, with documents, caches and gradients.
import * as tf from "@tensorflow/tfjs";
import { causalAttention, windowAttention } from "../../lib/tensor/mod.ts";
import { random } from "../../lib/random.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar } from "../tiny.ts";

const [B, T, H, G, D] = [2, 9, 4, 2, 6];

function normal(seed: number, time: number, heads: number): tf.Tensor4D {
  const source = random(seed, "window");
  return tf.tensor4d(Float32Array.from({ length: B * time * heads * D }, () => source.normal()), [B, time, heads, D]);
}

/** One query after another, each with exactly the keys that it sees. */
function written(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, window: number, documents?: number[][]): tf.Tensor4D {
  const past = k.shape[1] - q.shape[1];
  const rows = Array.from({ length: B }, (_, b) =>
    Array.from({ length: q.shape[1] }, (_, t) => {
      const seen = Array.from({ length: past + t + 1 }, (_, s) => s).filter((s) =>
        past + t - s < window && (documents === undefined || documents[b]![s] === documents[b]![t])
      );
      const query = tf.slice(q, [b, t, 0, 0], [1, 1, H, D]).reshape([G, H / G, D]);
      const [keys, values] = [k, v].map((x) =>
        tf.transpose(tf.gather(tf.slice(x, [b, 0, 0, 0], [1, -1, G, D]).reshape([-1, G, D]), seen), [1, 0, 2])
      );
      const weights = tf.softmax(tf.mul(tf.matMul(query, keys!, false, true), 1 / Math.sqrt(D)));
      return tf.matMul(weights, values!).reshape([1, H, D]);
    }));
  return tf.stack(rows.map((row) => tf.concat(row, 0))) as tf.Tensor4D;
}

const DOCUMENTS = [[0, 0, 0, 0, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 1, 2, 2]];

deviceTest("`windowAttention()` is the sum over the keys that each query sees, for every window and cache", () => {
  const [k, v] = [normal(2, T, G), normal(3, T, G)];
  for (const time of [1, 4, T]) {
    const q = normal(1, time, H);
    for (const window of [1, 2, 4, 8]) {
      const what = `${time} queries, window ${window}`;
      assertClose(windowAttention(q, k, v, window), written(q, k, v, window), 1e-5, what);
    }
    assertClose(windowAttention(q, k, v, T), causalAttention(q, k, v), 0, "as long as the text");
    assertClose(windowAttention(q, k, v, undefined), causalAttention(q, k, v), 0, "without a window");
  }
});

deviceTest("`windowAttention()` stays within documents", () => {
  const [q, k, v] = [normal(1, T, H), normal(2, T, G), normal(3, T, G)];
  const documents = tf.tensor2d(DOCUMENTS, [B, T], "int32");
  for (const window of [2, 4, 8]) {
    const found = windowAttention(q, k, v, window, documents);
    assertClose(found, written(q, k, v, window, DOCUMENTS), 1e-5, `window ${window}`);
    assertFar(found, windowAttention(q, k, v, window), 0.01);
  }
});

deviceTest("`windowAttention()` has the gradients of the sum written out", () => {
  const inputs = [normal(1, T, H), normal(2, T, G), normal(3, T, G)];
  const weights = normal(4, T, H);
  const gradients = (attend: typeof windowAttention | typeof written) =>
    tf.grads((q, k, v) => tf.sum(tf.mul(attend(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D, 4), weights)))(
      inputs,
    );
  const [found, wanted] = [gradients(windowAttention), gradients(written)];
  found.forEach((gradient, i) => assertClose(gradient, wanted[i]!, 1e-4, "qkv"[i]));
});
