// From texts to tokens, as the harness's `hf` model does it.
import assert from "node:assert/strict";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { createEngine } from "../../lib/infer/mod.ts";
import { encodePair, generateAnswer, rollingWindows, scorePairs } from "../../lib/harness/ask.ts";
import type { GenerationSettings } from "../../lib/harness/config.ts";
import { harnessSubject, type Opening, type SubjectParts } from "../../lib/harness/subject.ts";
import {
  decoder,
  initialWeights,
  type LanguageModel,
  modelConfigSchema,
  toDevice,
  tokenLosses,
} from "../../lib/model/mod.ts";
import * as tf from "@tensorflow/tfjs";
import { openDevice } from "../../lib/tensor/mod.ts";
import { PYTHON } from "./expected.ts";

const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 })); // one token per byte
const end = tokenizer.endOfText;
const ids = (text: string) => tokenizer.encode(text);

function subjectOf(
  opening: Opening,
  model = { vocabSize: 257, contextLength: 8 } as LanguageModel,
  engine = {} as SubjectParts["engine"],
) {
  return harnessSubject({
    model,
    tokenizer,
    around: { before: [], after: [] },
    special: { bos: end, eos: end },
    engine,
    opening,
  });
}

Deno.test("`rollingWindows()` cuts a text as the harness does", () => {
  for (const [size, windows] of Object.entries(PYTHON.windows as unknown as Record<string, [number[], number[]][]>)) {
    const [n, length] = size.split("/").map(Number) as [number, number];
    const found = rollingWindows(Array.from({ length: n }, (_, i) => i + 1), 0, length);
    assert.deepEqual(found.map(({ context, continuation }) => [context, continuation]), windows, size);
  }
});

Deno.test("`encodePair()` gives whitespace at the end of a context to the continuation", () => {
  const pair = (opening: Opening, context: string, continuation: string) =>
    encodePair(subjectOf(opening), context, continuation);
  assert.deepEqual(pair("never", "a \n", "b"), { context: ids("a"), continuation: ids(" \nb") });
  assert.deepEqual(pair("always", "a", " b"), { context: [end, ...ids("a")], continuation: ids(" b") });
  assert.deepEqual(pair("never", "", "b"), { context: [end], continuation: ids("b") });
  assert.deepEqual(pair("always", "", "b"), { context: [end], continuation: ids("b") });
  assert.deepEqual(pair("always", "  ", "b"), { context: [end], continuation: ids("  b") });
  assert.throws(() => pair("never", "  ", "b"), /the context has no token/);
  assert.throws(() => pair("never", "a", ""), /the continuation "" has no token/);
});

Deno.test("`scorePairs()` sums the losses of the continuation, and loses tokens of a long context from the left", async () => {
  await using _device = await openDevice("reference");
  const config = modelConfigSchema.parse({
    vocabSize: 257,
    width: 8,
    layers: 1,

    inner: 16,
    contextLength: 8,
  });
  using weights = toDevice(initialWeights(config, 3));
  const model = decoder(config, weights);
  await using engine = createEngine(model, tokenizer);
  const subject = subjectOf("never", model, engine);
  const text = ids("abcdefghijkl");
  const pairs = [{ context: text.slice(0, 2), continuation: text.slice(2, 5) }, {
    context: text.slice(0, 9),
    continuation: text.slice(9),
  }];
  const scores = await scorePairs(subject, pairs);
  for (const [i, { context, continuation }] of pairs.entries()) {
    const row = [...context, ...continuation].slice(-9);
    const losses = tf.tidy(() =>
      tokenLosses(
        model,
        tf.tensor2d([row.slice(0, -1)], undefined, "int32"),
        tf.tensor2d([row.slice(1)], undefined, "int32"),
      )
    );
    const sum = [...losses.dataSync()].slice(-continuation.length).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum + scores[i]!.logLikelihood) < 1e-4);
    assert.equal(scores[i]!.tokens, 3);
    losses.dispose();
  }
  // The most likely continuation is greedy, and another one is not.
  const context = text.slice(0, 3);
  const best = await subject.continuation(context, 4, { temperature: 0 }, () => false);
  const other = best.with(1, (best[1]! + 1) % 257);
  const found = await scorePairs(subject, [{ context, continuation: best }, { context, continuation: other }]);
  assert.deepEqual(found.map(({ greedy }) => greedy), [true, false]);
  await assert.rejects(
    scorePairs(subject, [{ context, continuation: text.slice(0, 9) }]),
    /longer than the context of 8/,
  );
});

Deno.test("`generateAnswer()` stops at a text, cuts there, and makes room for the answer in a long prompt", async () => {
  const settings = (until: readonly string[], maxTokens: number) =>
    ({ until, maxTokens, temperature: 0 }) as unknown as GenerationSettings;
  const written = ids("one stop two");
  let prompt: readonly number[] = [];
  const subject = {
    ...subjectOf("always"),
    continuation(given: readonly number[], maxTokens: number, _: unknown, stop: (ids: readonly number[]) => boolean) {
      prompt = given;
      const made: number[] = [];
      while (made.length < Math.min(maxTokens, written.length) && !(made.length > 0 && stop(made))) {
        made.push(written[made.length]!);
      }
      return Promise.resolve(made);
    },
    model: { vocabSize: 257, contextLength: 16 } as LanguageModel,
  };
  assert.deepEqual(await generateAnswer(subject, "0123456789", settings(["stop"], 12)), { text: "one ", tokens: 8 });
  assert.deepEqual(prompt, ids("6789"));
  // The harness cuts at one stop text after the other, whichever comes first; and an empty one stops at once.
  assert.equal((await generateAnswer(subject, "a", settings(["two", "ne"], 12))).text, "o");
  assert.deepEqual(await generateAnswer(subject, "a", settings([""], 12)), { text: "o", tokens: 1 });
  assert.deepEqual(prompt, [end, ...ids("a")]);
});
