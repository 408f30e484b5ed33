// Scores from known losses: the same as from running the model.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { answeredRightly } from "../../lib/eval/score.ts";
import { documentLosses } from "../../lib/eval/bits-per-byte.ts";
import { evaluationWindows } from "../../lib/eval/windows.ts";
import { rowMemory } from "../../lib/eval/row-memory.ts";
import type { Task } from "../../lib/eval/task.ts";
import { btmEnsemble } from "../../lib/merge/ensemble/btm.ts";
import { mixedLosses } from "../../lib/merge/ensemble/posterior.ts";
import type { LanguageModel } from "../../lib/model/language-model.ts";
import { byteTokenizer, tinyDecoder, wordyDocuments } from "./fakes.ts";

await tf.setBackend("cpu");
const WINDOWS = evaluationWindows(wordyDocuments(3, 20), byteTokenizer, { time: 48 });
const encode = (text: string) => byteTokenizer.encode(text);

/** A choice task: prompts are not scored, but they update an ensemble's posterior. */
const TASK: Task = {
  kind: "choice",
  scoring: "gain",
  name: "choice",
  domain: "english",
  chance: 0.25,
  items: wordyDocuments(6, 6, 5).map(({ text }, i) => ({
    prompt: [byteTokenizer.endOfText, ...encode(text.slice(0, 20))],
    choices: [" one", " other", " third", " fourth"].map((choice) => ({ tokens: encode(choice) })),
    right: i % 4,
  })),
};

/** A model that must not run. */
const idle: LanguageModel = {
  vocabSize: 257,
  contextLength: 64,
  logits: () => assert.fail("the model ran"),
  losses: () => assert.fail("the model ran"),
  decodingState: () => assert.fail("the model ran"),
};

Deno.test("an ensemble's scores from its members' losses equal those from running it", async () => {
  const members = [1, 2].map((seed) => tinyDecoder(seed));
  const memory = rowMemory(2);
  for (const [j, member] of members.entries()) {
    const plain = await documentLosses(member, WINDOWS);
    const recorded = await documentLosses(member, WINDOWS, { onRow: memory.record(j) });
    assert.deepEqual(recorded, plain, "recording changes nothing");
    const right = await answeredRightly(member, TASK, byteTokenizer);
    assert.deepEqual(await answeredRightly(member, TASK, byteTokenizer, { onRow: memory.record(j) }), right);
  }
  const knownLosses = (tokens: Int32Array) => {
    const losses = memory.recall(tokens);
    return losses && mixedLosses(losses);
  };
  const ensemble = btmEnsemble(members);
  const expected = await documentLosses(ensemble, WINDOWS);
  const found = await documentLosses(idle, WINDOWS, { knownLosses });
  found.nll.forEach((nll, i) => assert.ok(Math.abs(nll - expected.nll[i]!) < 1e-4 * nll, `${nll} ${expected.nll[i]}`));
  assert.deepEqual(found.bytes, expected.bytes);
  assert.deepEqual(
    await answeredRightly(idle, TASK, byteTokenizer, { knownLosses }),
    await answeredRightly(ensemble, TASK, byteTokenizer),
  );
});

Deno.test("rows with unknown losses are run", async () => {
  const model = tinyDecoder(1);
  const expected = await documentLosses(model, WINDOWS);
  const first = WINDOWS[0]!.tokens;
  const knownLosses = (tokens: Int32Array) =>
    tokens === first ? new Float32Array(tokens.length - 1).fill(2) : undefined;
  const found = await documentLosses(model, WINDOWS, { knownLosses });
  const own = WINDOWS.filter(({ document }) => document === WINDOWS[0]!.document);
  assert.deepEqual([...found.nll].slice(1), [...expected.nll].slice(1));
  const [plain] = (await documentLosses(model, own.slice(0, 1))).nll;
  assert.ok(Math.abs(found.nll[0]! - (expected.nll[0]! - plain! + 2 * (first.length - 1))) < 1e-6);
});

Deno.test("`rowMemory()` recalls a row when every model has read it", () => {
  const memory = rowMemory(2);
  const row = Int32Array.of(1, 2, 3);
  assert.equal(memory.recall(row), undefined);
  memory.record(1)(row, Float32Array.of(5, 6));
  assert.equal(memory.recall(row), undefined);
  memory.record(0)(Int32Array.of(1, 2, 3), Float32Array.of(3, 4));
  assert.deepEqual(memory.recall(row), [Float32Array.of(3, 4), Float32Array.of(5, 6)]);
  assert.equal(memory.recall(Int32Array.of(1, 23)), undefined, "tokens are told apart, not digits");
});
