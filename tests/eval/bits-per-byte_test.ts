// Bits per byte: known models give known figures, whatever the batch.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { bitsPerByte, documentLosses } from "../../lib/eval/bits-per-byte.ts";
import { evaluationWindows } from "../../lib/eval/windows.ts";
import { UserError } from "../../lib/errors.ts";
import { btmEnsemble } from "../../lib/merge/ensemble/btm.ts";
import { bigramModel, byteTokenizer, tinyDecoder, wordyDocuments } from "./fakes.ts";

await tf.setBackend("cpu");
const documents = wordyDocuments(4, 30);
const windows = evaluationWindows(documents, byteTokenizer, { time: 24 });

Deno.test("`bitsPerByte()` of the uniform model is log2 of the vocabulary with one byte per token", async () => {
  const many = wordyDocuments(9, 30);
  const { bpb, documents: losses } = await bitsPerByte(
    bigramModel(257, () => 3),
    evaluationWindows(many, byteTokenizer, { time: 24 }),
  );
  for (const value of [bpb.value, bpb.low!, bpb.high!]) assert.ok(Math.abs(value - Math.log2(257)) < 1e-5);
  assert.equal(bpb.samples, 9);
  assert.deepEqual([...losses.bytes], many.map(({ text }) => new TextEncoder().encode(text).length));
});

Deno.test("`documentLosses()` equals a loop over tokens", async () => {
  const logit = (from: number, to: number) => Math.sin(from * 7 + to * 3);
  const normalizer = (from: number) =>
    Math.log(Array.from({ length: 257 }, (_, to) => Math.exp(logit(from, to))).reduce((a, b) => a + b));
  const wanted = documents.map(() => 0);
  for (const { document, tokens } of windows) {
    for (let t = 1; t < tokens.length; t++) {
      wanted[document]! += normalizer(tokens[t - 1]!) - logit(tokens[t - 1]!, tokens[t]!);
    }
  }
  const { nll } = await documentLosses(bigramModel(257, logit), windows, { batch: 3 });
  nll.forEach((value, d) => assert.ok(Math.abs(value / wanted[d]! - 1) < 1e-5, `${value} is not ${wanted[d]}`));
});

for (const kind of ["decoder", "ensemble"]) {
  Deno.test(`\`documentLosses()\` of a ${kind} does not depend on the batch, and leaks no tensor`, async () => {
    const model = kind === "decoder" ? tinyDecoder(1) : btmEnsemble([tinyDecoder(1), tinyDecoder(2)]);
    // Windows of very different lengths, so that batches are padded.
    const uneven = windows.map((window, i) => ({ ...window, tokens: window.tokens.slice(0, 2 + (i * 5) % 20) }));
    const alone = await documentLosses(model, uneven, { batch: 1 });
    const before = tf.memory().numTensors;
    for (const batch of [2, 7, 100]) {
      const { nll } = await documentLosses(model, uneven, { batch });
      nll.forEach((value, d) => assert.ok(Math.abs(value / alone.nll[d]! - 1) < 1e-5, `batch ${batch}`));
    }
    assert.equal(tf.memory().numTensors, before);
  });
}

Deno.test("`documentLosses()` stops at an abort, reports progress and lets timers run", async () => {
  const model = bigramModel(257, () => 0);
  const controller = new AbortController();
  const seen: number[] = [];
  const onProgress = (done: number, total: number) => {
    assert.equal(total, windows.length);
    seen.push(done);
    if (seen.length === 2) setTimeout(() => controller.abort(new Error("enough")), 0);
  };
  await assert.rejects(documentLosses(model, windows, { batch: 1, signal: controller.signal, onProgress }), /enough/);
  assert.ok(seen.length >= 2 && seen.length < 5, `the timer ran only after ${seen.length} batches`);
  const whole: number[] = [];
  await documentLosses(model, windows, { batch: 4, onProgress: (done) => whole.push(done) });
  assert.equal(whole.at(-1), windows.length);
});

Deno.test("`documentLosses()` reports a diverged model", async () => {
  await assert.rejects(documentLosses(bigramModel(257, () => NaN), windows), (error) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.code, "eval.not-finite");
    return true;
  });
});

Deno.test("`documentLosses()` asks for no logits where a model has losses", async () => {
  const { losses, ...model } = tinyDecoder(1);
  const plain = await documentLosses({ ...model, losses: losses! }, windows);
  const refuses = () => assert.fail("asked for more than losses");
  const found = await documentLosses({ ...model, losses: losses!, logits: refuses, predictions: refuses }, windows);
  assert.deepEqual(found.nll, plain.nll);
});
