// The decoder's own properties: causality, documents, relative positions, context, head, losses.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { decoder, forward, toDevice, tokenLosses } from "../../lib/model/mod.ts";
import { crossEntropy } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, difference, TINY, tokens } from "../tiny.ts";

const T = TINY.contextLength;

deviceTest("`forward()` never looks ahead: a changed token changes nothing before it", () => {
  const weights = toDevice(bigWeights(TINY, 1));
  const ids = tokens(2, T);
  const before = forward(TINY, weights, ids);
  for (const t of [1, 5, T - 1]) {
    const values = ids.dataSync().slice();
    for (const row of [0, 1]) values[row * T + t] = (values[row * T + t]! + 7) % TINY.vocabSize;
    const after = forward(TINY, weights, tf.tensor2d(values, [2, T], "int32"));
    const early = (x: tf.Tensor3D) => tf.slice(x, [0, 0, 0], [2, t, -1]);
    const late = (x: tf.Tensor3D) => tf.slice(x, [0, t, 0], [2, T - t, -1]);
    assert.equal(difference(early(after), early(before)), 0, `positions before ${t}`);
    assertFar(late(after), late(before), 0.1, `positions from ${t}`);
  }
});

deviceTest("`forward()` gives packed documents the logits that each has alone", () => {
  const weights = toDevice(bigWeights(TINY, 2));
  const ids = tokens(1, T, 3);
  const lengths = [4, 1, 7];
  const documents = tf.tensor2d([lengths.flatMap((length, i) => Array<number>(length).fill(i))], [1, T], "int32");
  const packed = forward(TINY, weights, ids, { documents });
  let start = 0;
  for (const length of lengths) {
    const alone = forward(TINY, weights, tf.slice(ids, [0, start], [1, length]));
    assertClose(tf.slice(packed, [0, start, 0], [1, length, -1]), alone, 2e-5, `the document at ${start}`);
    start += length;
  }
  assertFar(packed, forward(TINY, weights, ids), 0.1, "packed and one document");
});

deviceTest("`forward()` reads tied and untied heads from their own tables", () => {
  const tied = { ...TINY, tiedEmbeddings: true };
  const weights = bigWeights(TINY, 4);
  const table = weights["model.embed_tokens.weight"]!;
  const ids = tokens(1, 5);
  const untied = forward(TINY, toDevice(weights), ids);
  const shared = forward(tied, toDevice(weights), ids);
  assertFar(untied, shared, 0.1, "tied and untied logits");
  assert.equal(difference(forward(TINY, toDevice({ ...weights, "lm_head.weight": table }), ids), shared), 0);
});

deviceTest("`forward()` shares key-value heads as if each were repeated for its group of queries", () => {
  const full = { ...TINY, kvHeads: TINY.heads };
  const grouped = bigWeights(TINY, 5);
  const headSize = TINY.width / TINY.heads;
  const rows = headSize * TINY.width; // values of one head's rows
  const repeated = Object.fromEntries(
    Object.entries(grouped).map(([name, tensor]) => {
      if (!/[kv]_proj/.test(name)) return [name, tensor];
      const data = new Float32Array(TINY.heads * rows);
      for (let h = 0; h < TINY.heads; h++) {
        const group = Math.floor(h / (TINY.heads / TINY.kvHeads));
        data.set(tensor.data.subarray(group * rows, (group + 1) * rows), h * rows);
      }
      return [name, { shape: [TINY.width, TINY.width], data }];
    }),
  );
  const ids = tokens(2, T, 6);
  assertClose(forward(TINY, toDevice(grouped), ids), forward(full, toDevice(repeated), ids), 1e-5);
});

deviceTest("`forward()` refuses more tokens than the context length, with and without a cache", () => {
  const model = decoder(TINY, toDevice(bigWeights(TINY, 7)));
  const tooLong = (error: unknown) =>
    error instanceof UserError && error.code === "model.context" && error.message.includes("13 tokens") &&
    error.message.includes("12");
  assert.throws(() => model.logits(tokens(1, T + 1)), tooLong);
  const state = model.decodingState();
  model.logits(tokens(1, T), [state]);
  assert.throws(() => model.logits(tokens(1, 1), [state]), tooLong);
  assert.equal(state.length, T); // a refused token leaves no trace
  state.dispose();
});

deviceTest("`forward()` names a weight that is missing", () => {
  const { "model.layers.1.mlp.up_proj.weight": _, ...rest } = bigWeights(TINY, 8);
  assert.throws(
    () => forward(TINY, toDevice(rest), tokens(1, 3)),
    (error) => error instanceof UserError && error.message.includes("model.layers.1.mlp.up_proj.weight"),
  );
});

deviceTest("`tokenLosses()` is the cross-entropy of the logits, 0 where the target does not count", () => {
  const model = decoder(TINY, toDevice(bigWeights(TINY, 9)));
  const ids = tokens(2, 4);
  const targets = tf.tensor2d([[1, -1, 3, 39], [-1, 0, 5, -1]], [2, 4], "int32");
  const losses = tokenLosses(model, ids, targets);
  assert.deepEqual(losses.shape, [2, 4]);
  const logits = model.logits(ids).reshape([8, TINY.vocabSize]) as tf.Tensor2D;
  assertClose(losses, crossEntropy(logits, targets.reshape([8]) as tf.Tensor1D).reshape([2, 4]), 0);
  const wanted = targets.dataSync();
  losses.dataSync().forEach((loss, i) => assert.equal(loss > 0, wanted[i]! >= 0));
});
