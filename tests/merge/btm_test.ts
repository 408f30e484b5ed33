// The Branch-Train-Merge ensemble: its float64 definition, its exact bound, and step-by-step decoding.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { btmEnsemble } from "../../lib/merge/ensemble/btm.ts";
import { type BtmOptions, mixedLosses, priorFromLosses } from "../../lib/merge/ensemble/posterior.ts";
import { decoder, type LanguageModel, tokenLosses } from "../../lib/model/language-model.ts";
import { toDevice } from "../../lib/model/weights.ts";
import { random } from "../../lib/random.ts";
import { crossEntropy } from "../../lib/tensor/ops/cross-entropy.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, bigWeights, TINY, tokens } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;
const V = TINY.vocabSize;

function models(...seeds: number[]): LanguageModel[] {
  return seeds.map((seed) => decoder(TINY, toDevice(bigWeights(TINY, seed))));
}

/** The tokens after `ids`, and a last one: targets of a document in which all tokens but the first are predicted. */
function nextTokens(ids: tf.Tensor2D, last = 3): tf.Tensor2D {
  const [B, length] = ids.shape;
  return tf.concat([tf.slice(ids, [0, 1], [B, length - 1]), tf.fill([B, 1], last, "int32")], 1) as tf.Tensor2D;
}

const logSumExp = (values: readonly number[]): number => {
  const top = Math.max(...values);
  return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
};

/** The mixture's log-probabilities from the definition, in float64: `[B][T][V]`. */
function mixtureByHand(
  parts: readonly LanguageModel[],
  ids: tf.Tensor2D,
  { topK, temperature = 1, prior, history }: BtmOptions = {},
): number[][][] {
  const logProbs = parts.map((model) => {
    const logits = model.logits(ids).arraySync() as number[][][];
    return logits.map((row) => row.map((at) => at.map((value) => value - logSumExp(at))));
  });
  return ids.arraySync().map((row, b) => {
    return row.map((_, t) => {
      const scores = parts.map((_, j) => {
        let evidence = Math.log(prior?.[j] ?? 1);
        for (let s = Math.max(1, t + 1 - (history ?? Infinity)); s <= t; s++) {
          evidence += logProbs[j]![b]![s - 1]![row[s]!]!;
        }
        return evidence / temperature;
      });
      const least = scores.toSorted((a, c) => c - a)[(topK ?? parts.length) - 1]!;
      const kept = scores.map((score) => score >= least ? score : -Infinity);
      const weights = kept.map((score) => score - logSumExp(kept));
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

const OPTIONS: readonly [string, BtmOptions][] = [
  ["the best two", { topK: 2, prior: [0.3, 0.5, 0.2] }],
  ["the best one, of uneven priors", { topK: 1, prior: [0.5, 0.2, 0.3] }],
  ["a temperature of 3", { temperature: 3 }],
  ["a prior", { prior: [0.9, 0.1, 0] }],
  ["a history of 3 tokens", { history: 3 }],
  ["a history longer than the text", { history: 50 }],
  ["all options", { topK: 2, temperature: 0.5, prior: [0.2, 0.5, 0.3], history: 4 }],
];

for (const [title, options] of OPTIONS) {
  deviceTest(`\`btmEnsemble()\` with ${title} is its definition, decoded step by step too`, () => {
    const parts = models(1, 2, 3);
    const mixture = btmEnsemble(parts, options);
    const ids = tokens(2, T, 7);
    const full = tf.logSoftmax(mixture.logits(ids));
    const expected = mixtureByHand(parts, ids, options);
    assertClose(full, tf.tensor3d(expected), 1e-4);
    for (const chunks of [Array<number>(T).fill(1), [5, 1, 4, 2], [1, T - 1], [T]]) {
      const states = statesOf(mixture, 2);
      const pieces = chunks.map((chunk) =>
        tf.logSoftmax(mixture.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states))
      );
      assertClose(tf.concat(pieces, 1), full, 1e-4, `chunks of ${chunks}`);
      disposeAll(states);
    }
    const targets = nextTokens(ids).arraySync();
    const losses = tf.tensor2d(targets.map((row, b) => row.map((token, t) => -expected[b]![t]![token]!)));
    assertClose(mixture.losses!(ids, nextTokens(ids)), losses, 1e-4);
    // The same from the members' losses alone.
    const each = parts.map((model) => tokenLosses(model, ids, nextTokens(ids)).arraySync());
    const mixed = [0, 1].map((b) => [...mixedLosses(each.map((rows) => rows[b]!), options)]);
    assertClose(tf.tensor2d(mixed), losses, 1e-4);
  });
}

Deno.test("`mixedLosses()` loses at most log n more than the best model, or −log prior more than any", () => {
  const draw = random(3, "losses");
  for (let n = 1; n <= 5; n++) {
    const losses = Array.from({ length: n }, () => Array.from({ length: 200 }, () => 6 * draw.float() ** 3));
    const total = (list: ArrayLike<number>) => Array.from(list).reduce((a, b) => a + b, 0);
    const best = Math.min(...losses.map(total));
    assert.ok(total(mixedLosses(losses)) <= best + Math.log(n) + 1e-9);
    const shares = losses.map(() => 0.01 + draw.float());
    const prior = shares.map((share) => share / total(shares));
    const mixed = total(mixedLosses(losses, { prior }));
    for (const [j, list] of losses.entries()) assert.ok(mixed <= total(list) - Math.log(prior[j]!) + 1e-9);
    // By Bayes's rule, the mixture's probability of the sequence is the average of the members'.
    const average = -logSumExp(losses.map((list) => -total(list))) + Math.log(n);
    assert.ok(Math.abs(total(mixedLosses(losses)) - average) < 1e-9);
  }
});

Deno.test("`priorFromLosses()` averages posteriors, each counting 0.3 times the next", () => {
  const losses = [[10, 11, 12], [20, 20, 20], [400, 1, 2]];
  const posteriors = losses.map((row) => row.map((loss) => Math.exp(-loss - logSumExp(row.map((l) => -l)))));
  const [a, b, c] = posteriors as [number[], number[], number[]];
  const prior = priorFromLosses(losses);
  prior.forEach((share, j) => assert.ok(Math.abs(share - (0.09 * a[j]! + 0.21 * b[j]! + 0.7 * c[j]!)) < 1e-12));
  assert.deepEqual(priorFromLosses(losses, 0), c);
  assert.ok(Math.abs(prior.reduce((x, y) => x + y) - 1) < 1e-12);
  // A prior may be 0, as a posterior may; the ensemble accepts it.
  assert.ok(Number.isFinite(mixedLosses([[1, 2], [1, 2]], { prior: [0, 1] })[1]!));
});

Deno.test("`btmEnsemble()` and `mixedLosses()` refuse options out of range, by name", () => {
  const cases: [BtmOptions, RegExp][] = [
    [{ topK: 0 }, /topK 0.*from 1 to 2/],
    [{ topK: 3 }, /topK 3/],
    [{ topK: 1.5 }, /topK 1.5/],
    [{ temperature: 0 }, /temperature 0/],
    [{ temperature: NaN }, /temperature NaN/],
    [{ history: 0 }, /history 0/],
    [{ prior: [1] }, /prior of length 1/],
    [{ prior: [0.5, 0.4] }, /sums to 0.9/],
    [{ prior: [1.5, -0.5] }, /prior that contains 1.5/],
  ];
  const one: LanguageModel = {
    vocabSize: 3,
    contextLength: 4,
    logits: () => assert.fail(),
    decodingState: () => assert.fail(),
  };
  for (const [options, message] of cases) {
    const refused = (error: unknown) =>
      error instanceof UserError && error.code === "merge.btm" && message.test(error.message);
    assert.throws(() => btmEnsemble([one, one], options), refused);
    assert.throws(() => mixedLosses([[1], [1]], options), refused);
  }
  assert.throws(
    () => priorFromLosses([[1, 2]], 1),
    (error) => error instanceof UserError && error.code === "merge.btm",
  );
});

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
  // A prompt is not scored but is evidence for the posterior; padding after the answer is neither.
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
  // A document of the tokens that `good` finds most likely.
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
      const states = statesOf(mixture, 2);
      const parts = chunks.map((chunk) =>
        tf.logSoftmax(mixture.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states))
      );
      assert.equal(states[0]!.length, T);
      assertClose(tf.concat(parts, 1), full, 1e-4, `chunks of ${chunks}`);
      disposeAll(states);
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
  mixture.logits(ids, [state]);
  assert.throws(
    () => mixture.logits(ids, [state]),
    (error) => error instanceof UserError && error.code === "model.context",
  );
  // No model has read the tokens: decoding continues as if nothing had happened.
  const next = mixture.logits(tf.slice(ids, [0, 0], [1, 2]), [state]);
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
