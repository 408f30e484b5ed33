// Branch-Train-Merge's ensemble against its definition in float64, its exact bound, and decoding step by step.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { btmEnsemble } from "../../lib/merge/mod.ts";
import { decoder, type LanguageModel, toDevice, tokenLosses } from "../../lib/model/mod.ts";
import { crossEntropy } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, bigWeights, TINY, tokens } from "../tiny.ts";

const T = TINY.contextLength;
const V = TINY.vocabSize;

function models(...seeds: number[]): LanguageModel[] {
  return seeds.map((seed) => decoder(TINY, toDevice(bigWeights(TINY, seed))));
}

/** The tokens after `ids`, and a last one: targets of a document whose every token but the first is predicted. */
function nextTokens(ids: tf.Tensor2D, last = 3): tf.Tensor2D {
  const [B, length] = ids.shape;
  return tf.concat([tf.slice(ids, [0, 1], [B, length - 1]), tf.fill([B, 1], last, "int32")], 1) as tf.Tensor2D;
}

const logSumExp = (values: readonly number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
};

/** The mixture's log-probabilities by its definition: `[B][T][V]`, in float64. */
function mixtureByHand(parts: readonly LanguageModel[], ids: tf.Tensor2D): number[][][] {
  const logProbs = parts.map((model) => {
    const logits = model.logits(ids).arraySync() as number[][][];
    return logits.map((row) => row.map((at) => at.map((value) => value - logSumExp(at))));
  });
  return ids.arraySync().map((row, b) => {
    const evidence = parts.map(() => 0);
    return row.map((token, t) => {
      if (t > 0) parts.forEach((_, j) => evidence[j]! += logProbs[j]![b]![t - 1]![token]!);
      const weights = evidence.map((value) => value - logSumExp(evidence));
      return Array.from({ length: V }, (_, v) => logSumExp(weights.map((w, j) => w + logProbs[j]![b]![t]![v]!)));
    });
  });
}

for (const n of [1, 2, 4]) {
  deviceTest(`\`btmEnsemble()\` mixes by the posterior, as computed by hand in float64, of ${n} models`, () => {
    const parts = models(1, 2, 3, 4).slice(0, n);
    const ids = tokens(2, T, 7);
    const logProbs = tf.logSoftmax(btmEnsemble(parts).logits(ids));
    assertClose(logProbs, tf.tensor3d(mixtureByHand(parts, ids)), 1e-4);
  });
}

deviceTest("`btmEnsemble()` of equal models is the model", () => {
  const [model] = models(1) as [LanguageModel];
  const ids = tokens(2, T, 2);
  assertClose(tf.softmax(btmEnsemble([model, model, model]).logits(ids)), tf.softmax(model.logits(ids)), 1e-5);
});

deviceTest("`btmEnsemble()` loses at most log n more than its best model on every document", () => {
  for (const n of [2, 3, 5]) {
    const parts = models(...Array.from({ length: n }, (_, i) => 10 * n + i));
    const mixture = btmEnsemble(parts);
    for (let seed = 0; seed < 2; seed++) {
      const ids = tokens(3, T, seed);
      const targets = nextTokens(ids, seed);
      const totals = (model: LanguageModel) => tf.sum(tokenLosses(model, ids, targets), 1).dataSync();
      const mixed = totals(mixture);
      const each = parts.map(totals);
      for (let row = 0; row < 3; row++) {
        const best = Math.min(...each.map((losses) => losses[row]!));
        assert.ok(mixed[row]! <= best + Math.log(n) + 1e-4, `n = ${n}: ${mixed[row]} > ${best} + log n`);
      }
    }
  }
});

deviceTest("`btmEnsemble().losses` is the cross-entropy of its logits, and 0 where a target does not count", () => {
  const mixture = btmEnsemble(models(1, 2, 3));
  const ids = tokens(2, T, 3);
  const cross = (targets: tf.Tensor2D) => {
    const logits = mixture.logits(ids).reshape([2 * T, V]) as tf.Tensor2D;
    return crossEntropy(logits, targets.reshape([-1]) as tf.Tensor1D).reshape([2, T]);
  };
  const targets = nextTokens(ids);
  assertClose(mixture.losses!(ids, targets), cross(targets), 1e-4);
  // A prompt does not count, but the posterior has read it; the padding after the answer counts for nothing.
  const counted = tf.tensor2d(
    targets.arraySync().map((row, b) => row.map((token, t) => t < 4 || t > 8 + b ? -1 : token)),
    [2, T],
    "int32",
  );
  assertClose(mixture.losses!(ids, counted), cross(counted), 1e-4);
  assert.deepEqual([...tf.less(counted, 0).dataSync()], [...tf.equal(mixture.losses!(ids, counted), 0).dataSync()]);
  const single = tokens(2, 1, 4);
  assertClose(
    mixture.losses!(single, tf.tensor2d([[5], [6]], [2, 1], "int32")),
    crossEntropy(mixture.logits(single).reshape([2, V]) as tf.Tensor2D, tf.tensor1d([5, 6], "int32")).reshape([2, 1]),
    1e-4,
  );
});

deviceTest("`btmEnsemble()` moves to the model that predicted the prefix best", () => {
  const [good, bad] = models(1, 2) as [LanguageModel, LanguageModel];
  // A document that `good` finds likeliest, token after token.
  let ids = tokens(1, 1, 5);
  while (ids.shape[1] < T) {
    const last = tf.slice(good.logits(ids), [0, ids.shape[1] - 1, 0], [1, 1, V]);
    ids = tf.concat([ids, tf.cast(tf.argMax(last, 2), "int32")], 1) as tf.Tensor2D;
  }
  const distance = (t: number, model: LanguageModel) => {
    const at = (of: LanguageModel) => tf.softmax(tf.slice(of.logits(ids), [0, t, 0], [1, 1, V]));
    return tf.sum(tf.abs(tf.sub(at(btmEnsemble([bad, good])), at(model)))).dataSync()[0]!;
  };
  assert.ok(Math.abs(distance(0, good) - distance(0, bad)) < 1e-5); // nothing read yet: half and half
  assert.ok(distance(0, good) > 0.1);
  assert.ok(distance(T - 1, good) < 1e-3, `${distance(T - 1, good)}`);
  assert.ok(distance(T - 1, bad) > 0.1);
});

deviceTest("`btmEnsemble()` decodes with states as the full pass does, token by token and in chunks", () => {
  const mixture = btmEnsemble(models(1, 2, 3));
  const ids = tokens(2, T, 6);
  const full = tf.logSoftmax(mixture.logits(ids));
  const before = tf.memory().numTensors;
  for (const chunks of [Array<number>(T).fill(1), [5, 1, 4, 2], [1, T - 1], [T]]) {
    tf.tidy(() => {
      const state = mixture.decodingState();
      const parts = chunks.map((chunk) =>
        tf.logSoftmax(mixture.logits(tf.slice(ids, [0, state.length], [2, chunk]), state))
      );
      assert.equal(state.length, T);
      assertClose(tf.concat(parts, 1), full, 1e-4, `chunks of ${chunks}`);
      state.dispose();
    });
    assert.equal(tf.memory().numTensors, before, "tensors left behind");
  }
});

deviceTest("`btmEnsemble()` refuses too many tokens before any of its models has read them", () => {
  const short = { ...TINY, contextLength: 6 };
  const parts = [...models(1), decoder(short, toDevice(bigWeights(short, 2)))];
  const mixture = btmEnsemble(parts);
  assert.equal(mixture.contextLength, 6);
  const ids = tokens(1, 4, 8);
  const state = mixture.decodingState();
  mixture.logits(ids, state);
  assert.throws(
    () => mixture.logits(ids, state),
    (error) => error instanceof UserError && error.code === "model.context",
  );
  // Nothing was half read: decoding goes on as if nothing had happened.
  const next = mixture.logits(tf.slice(ids, [0, 0], [1, 2]), state);
  const whole = mixture.logits(tf.concat([ids, tf.slice(ids, [0, 0], [1, 2])], 1) as tf.Tensor2D);
  assertClose(next, tf.slice(whole, [0, 4, 0], [1, 2, V]), 1e-4);
  state.dispose();
});

deviceTest("`btmEnsemble()` refuses no models and models of different vocabularies", () => {
  const other = { ...TINY, vocabSize: 41 };
  assert.throws(() => btmEnsemble([]), (error) => error instanceof UserError && error.code === "merge.empty");
  assert.throws(
    () => btmEnsemble([...models(1), decoder(other, toDevice(bigWeights(other, 1)))]),
    (error) => error instanceof UserError && error.code === "merge.vocab",
  );
});
