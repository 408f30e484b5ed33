// The calibration error: against a plain computation from logits, on models whose error is known, and its interval.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type EvaluationWindow, evaluationWindows } from "../../../lib/eval/windows.ts";
import { type HeldOut, heldOut } from "../../../lib/eval/bits-per-byte.ts";
import type { Subject } from "../../../lib/eval/measures/measure.ts";
import { CALIBRATION_BINS, calibrationError } from "../../../lib/eval/measures/calibration-error.ts";
import type { LanguageModel } from "../../../lib/model/language-model.ts";
import { btmEnsemble } from "../../../lib/merge/ensemble/btm.ts";
import { random } from "../../../lib/random.ts";
import { valuesBy } from "../../run/results.ts";
import { bigramModel, byteTokenizer, tinyDecoder, wordyDocuments } from "../fakes.ts";

await tf.setBackend("cpu");

/** What the measure finds of a model on held-out text. */
const measure = async (domains: Record<string, HeldOut>) => {
  const found = await calibrationError.measure(
    { heldOut: domains, bootstrap: { resamples: 400 } } as unknown as Subject,
  );
  return found.map((one) => ({ ...one, name: "calibration-error", better: "lower" as const }));
};

/** The error from the logits of every position, one window and one bin at a time (Guo et al., equation 3). */
async function plainError(model: LanguageModel, windows: readonly EvaluationWindow[]): Promise<number> {
  const predictions: { sure: number; right: number }[] = [];
  for (const { tokens } of windows) {
    const ids = tf.tensor2d([...tokens.subarray(0, -1)], [1, tokens.length - 1], "int32");
    const rows = (await tf.softmax(model.logits(ids)).array() as number[][][])[0]!;
    rows.forEach((row, t) => {
      const sure = Math.max(...row);
      predictions.push({ sure, right: Number(row.indexOf(sure) === tokens[t + 1]) });
    });
  }
  let error = 0;
  for (let m = 1; m <= CALIBRATION_BINS; m++) {
    const bin = predictions.filter(({ sure }) => sure > (m - 1) / CALIBRATION_BINS && sure <= m / CALIBRATION_BINS);
    if (bin.length === 0) continue;
    const mean = (of: (one: (typeof bin)[number]) => number) => bin.reduce((sum, one) => sum + of(one), 0) / bin.length;
    error += bin.length / predictions.length * Math.abs(mean(({ right }) => right) - mean(({ sure }) => sure));
  }
  return error;
}

for (
  const [kind, model] of [
    ["a decoder", tinyDecoder(1)],
    ["a model of bigrams, which has only logits", bigramModel(257, (from, to) => 3 * Math.sin(from * 7 + to * 3))],
    ["an ensemble", btmEnsemble([tinyDecoder(1), tinyDecoder(2)])],
  ] as const
) {
  Deno.test(`\`calibrationError\` of ${kind} equals a plain computation, in any batch, and leaks no tensor`, async () => {
    const domains = {
      one: evaluationWindows(wordyDocuments(3, 8), byteTokenizer, { time: 24 }),
      two: evaluationWindows(wordyDocuments(2, 10, 2), byteTokenizer, { time: 17 }),
    };
    const wanted = { one: await plainError(model, domains.one), two: await plainError(model, domains.two) };
    for (const batch of [1, 100]) {
      const before = tf.memory().numTensors;
      const [one, two] = [await heldOut(model, domains.one, { batch }), await heldOut(model, domains.two, { batch })];
      assert.equal(tf.memory().numTensors, before);
      const found = valuesBy(await measure({ one, two }), "calibration-error");
      const all = { ...wanted, mean: (wanted.one + wanted.two) / 2 };
      for (const [group, value] of Object.entries(all)) {
        assert.ok(Math.abs(found[group]! - value) < 1e-5, `${group}: ${found[group]}, plainly ${value}`);
      }
    }
  });
}

Deno.test("`heldOut()` gives the same losses with and without predictions of its own", async () => {
  const windows = evaluationWindows(wordyDocuments(5, 30), byteTokenizer, { time: 24 });
  const { predictions, ...whole } = tinyDecoder(3);
  assert.notEqual(predictions, undefined);
  const [a, b] = [await heldOut({ ...whole, predictions: predictions! }, windows), await heldOut(whole, windows)];
  assert.deepEqual(a.nll, b.nll);
  assert.deepEqual(a.predictions!.map(({ right }) => [...right]), b.predictions!.map(({ right }) => [...right]));
});

Deno.test("`calibrationError` is left out where only losses are known", async () => {
  const windows = evaluationWindows(wordyDocuments(4, 30), byteTokenizer, { time: 24 });
  const known = await heldOut(tinyDecoder(1), windows, {
    knownLosses: (tokens) => new Float64Array(tokens.length - 1),
  });
  assert.equal(known.predictions, undefined);
  assert.deepEqual(await measure({ one: known }), []);
});

/** Documents whose tokens come from what a model predicts, with this much added to its confidence. */
function drawn(seed: number, documents: number, tokens: number, boast: number): HeldOut {
  const draw = random(seed, "calibrated");
  const predictions = Array.from({ length: documents }, () => {
    const chances = Array.from({ length: tokens }, () => 0.05 + 0.7 * draw.float());
    return {
      confidence: Float32Array.from(chances, (chance) => chance + boast),
      right: Uint8Array.from(chances, (chance) => Number(draw.float() < chance)),
    };
  });
  const ones = new Float64Array(documents).fill(1);
  return { nll: ones, bytes: ones, predictions };
}

Deno.test("`calibrationError` vanishes with more tokens where confidence is the chance of being right", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  const errors: number[] = [];
  for (const tokens of [100, 10_000]) {
    const [one] = await measure({ one: drawn(seed, 20, tokens, 0) });
    errors.push(one!.value);
    // What noise alone gives: each of 15 bins is off by about the standard error of its accuracy.
    assert.ok(one!.value < 4 * Math.sqrt(0.25 * CALIBRATION_BINS / (20 * tokens)), `${tokens} tokens: ${one!.value}`);
  }
  assert.ok(errors[1]! < errors[0]! / 3, errors.join());
});

Deno.test("`calibrationError` is the excess of confidence, and its interval covers it", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  console.log(`seed ${seed}`);
  let covered = 0;
  for (let i = 0; i < 200; i++) {
    const [one] = await measure({ one: drawn(seed + i, 30, 200, 0.15) });
    assert.ok(Math.abs(one!.value - 0.15) < 0.05, String(one!.value));
    if (one!.interval![0] <= 0.15 && 0.15 <= one!.interval![1]) covered++;
  }
  // 95 % of 200 is 190; fewer than 176 are less likely than one in 100,000.
  assert.ok(covered >= 176, `${covered} of 200 intervals cover the error`);
});

Deno.test("`calibrationError` has no interval with few documents", async () => {
  const [few] = await measure({ one: drawn(1, 5, 200, 0.1) });
  assert.deepEqual([few!.interval, few!.samples], [null, 5]);
});
