// Decoding with a cache gives what the full forward pass gives.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { decoder, KvCache, toDevice } from "../../lib/model/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, bigWeights, TINY, tokens } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;

for (const kvHeads of [1, 2, 4]) {
  deviceTest(`\`KvCache\` continues what was read, in any chunks, with ${kvHeads} key-value heads`, () => {
    const config = { ...TINY, kvHeads };
    const model = decoder(config, toDevice(bigWeights(config, 1)));
    const ids = tokens(2, T, 2);
    const full = model.logits(ids);
    for (const chunks of [Array<number>(T).fill(1), [5, 1, 4, 2], [1, T - 1], [T]]) {
      const states = statesOf(model, 2);
      const parts: tf.Tensor3D[] = [];
      for (const chunk of chunks) {
        parts.push(model.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states));
      }
      assert.equal(states[0]!.length, T);
      assertClose(tf.concat(parts, 1), full, 2e-5, `chunks of ${chunks}`);
      disposeAll(states);
      assert.equal(states[0]!.length, 0);
    }
  });
}

deviceTest("`KvCache.dispose()` gives back every tensor, and decoding outside of `tidy` leaks none", () => {
  const model = decoder(TINY, toDevice(bigWeights(TINY, 3)));
  const ids = tokens(1, 1);
  const before = tf.memory().numTensors;
  const state = model.decodingState();
  for (let t = 0; t < 5; t++) model.logits(ids, [state]).dispose();
  assert.equal(tf.memory().numTensors, before + 2 * TINY.layers);
  state.dispose();
  state.dispose(); // twice does no harm
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("`KvCache` holds each model's own keys: two caches in turn do not mix", () => {
  const a = decoder(TINY, toDevice(bigWeights(TINY, 4)));
  const b = decoder(TINY, toDevice(bigWeights(TINY, 5)));
  const ids = tokens(1, 6, 7);
  const [stateA, stateB] = [a.decodingState(), b.decodingState()];
  const last = (model: typeof a) => tf.slice(model.logits(ids), [0, 5, 0], [1, 1, -1]);
  let [nextA, nextB] = [tf.zeros([1]), tf.zeros([1])];
  for (let t = 0; t < 6; t++) {
    nextA = a.logits(tf.slice(ids, [0, t], [1, 1]), [stateA]);
    nextB = b.logits(tf.slice(ids, [0, t], [1, 1]), [stateB]);
  }
  assertClose(nextA, last(a), 2e-5);
  assertClose(nextB, last(b), 2e-5);
  assert.ok(stateA instanceof KvCache);
  stateA.dispose();
  stateB.dispose();
});
