// A check of models that decode with caches.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { LanguageModel } from "../../lib/model/mod.ts";
import { assertClose } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

/** Decoding `[2, time]` tokens in chunks gives the logits of a full pass, and leaves no tensors behind. */
export function assertDecodes(model: LanguageModel, ids: tf.Tensor2D): void {
  const time = ids.shape[1];
  const full = model.logits(ids);
  const before = tf.memory().numTensors;
  for (const chunks of [Array<number>(time).fill(1), [5, 1, 4, 2]]) {
    tf.tidy(() => {
      const states = statesOf(model, 2);
      const parts = chunks.map((chunk) => model.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states));
      assert.equal(states[0]!.length, time);
      assertClose(tf.concat(parts, 1), full, 1e-3, `chunks of ${chunks}`);
      disposeAll(states);
    });
    assert.equal(tf.memory().numTensors, before, "tensors left behind");
  }
}
