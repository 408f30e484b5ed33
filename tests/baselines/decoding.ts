// A check of models that decode with caches.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { LanguageModel } from "../../lib/model/mod.ts";
import { assertClose } from "../tiny.ts";

/** Decoding `[2, time]` tokens in chunks gives the logits of a full pass, and leaves no tensors behind. */
export function assertDecodes(model: LanguageModel, ids: tf.Tensor2D): void {
  const time = ids.shape[1];
  const full = model.logits(ids);
  const before = tf.memory().numTensors;
  for (const chunks of [Array<number>(time).fill(1), [5, 1, 4, 2]]) {
    tf.tidy(() => {
      const state = model.decodingState();
      const parts = chunks.map((chunk) => model.logits(tf.slice(ids, [0, state.length], [2, chunk]), state));
      assert.equal(state.length, time);
      assertClose(tf.concat(parts, 1), full, 1e-3, `chunks of ${chunks}`);
      state.dispose();
    });
    assert.equal(tf.memory().numTensors, before, "tensors left behind");
  }
}
