// Windows: every text token scored once, bytes exact, budgets spread over documents.
import assert from "node:assert/strict";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { evaluationWindows } from "../../lib/eval/windows.ts";
import { byteTokenizer, wordyDocuments } from "./fakes.ts";

const documents = [
  ...wordyDocuments(7, 60),
  { id: "empty", text: "" },
  { id: "emoji", text: "👩‍👩‍👧‍👦".repeat(20) },
  { id: "replacement", text: "a\ufffdb".repeat(9) + "\ufffd" },
  { id: "lone surrogate", text: "x\ud800y" },
  { id: "bytes", text: "\0\u0001 \ufeffz" },
];
const bytesOf = (text: string) => new TextEncoder().encode(text).length;

Deno.test("`evaluationWindows()` covers every byte of every document once", () => {
  for (const time of [5, 16, 33, 10_000]) {
    const windows = evaluationWindows(documents, byteTokenizer, { time });
    documents.forEach(({ text }, d) => {
      const own = windows.filter(({ document }) => document === d);
      const ids = own.flatMap(({ tokens }) => [...tokens.subarray(1)]);
      assert.deepEqual(ids, byteTokenizer.encode(text), `document ${d}, time ${time}`);
      assert.equal(own.reduce((sum, { bytes }) => sum + bytes, 0), bytesOf(text));
    });
    for (const { tokens, bytes } of windows) {
      assert.equal(tokens[0], byteTokenizer.endOfText);
      assert.ok(tokens.length >= 2 && tokens.length <= time + 1);
      assert.equal(bytes, tokens.length - 1, "a byte a token");
      // It begins and ends between characters.
      new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(tokens.subarray(1)));
    }
  }
});

Deno.test("`evaluationWindows()` makes windows of about equal length", () => {
  const [document] = wordyDocuments(1, 400);
  const sizes = evaluationWindows([document!], byteTokenizer, { time: 64 }).map(({ tokens }) => tokens.length - 1);
  assert.ok(Math.min(...sizes) > 48, String(sizes));
});

Deno.test("`evaluationWindows()` spreads a budget over documents, deterministically", () => {
  const all = wordyDocuments(9, 300);
  const full = evaluationWindows(all, byteTokenizer, { time: 32 });
  const key = ({ document, tokens }: { document: number; tokens: Int32Array }) => `${document}:${tokens.join()}`;
  const keys = full.map(key);
  let before = new Set<string>();
  for (const maxWindows of [1, 4, 9, 20, 40]) {
    const some = evaluationWindows(all, byteTokenizer, { time: 32, maxWindows });
    assert.equal(some.length, maxWindows);
    assert.deepEqual(some, evaluationWindows(all, byteTokenizer, { time: 32, maxWindows }));
    const counts = all.map((_, d) => some.filter(({ document }) => document === d).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, String(counts));
    // In document order, and each is one of the windows without a budget.
    const places = some.map((window) => keys.indexOf(key(window)));
    assert.ok(places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]!)));
    const now = new Set(some.map(key));
    assert.ok([...before].every((window) => now.has(window)), "a larger budget keeps the smaller one's windows");
    before = now;
  }
  const tokens = evaluationWindows(all, byteTokenizer, { time: 32, maxTokens: 500 })
    .reduce((sum, { tokens }) => sum + tokens.length - 1, 0);
  assert.ok(tokens <= 500 && tokens > 460, String(tokens));
  assert.equal(evaluationWindows(all, byteTokenizer, { time: 32, maxTokens: 1 }).length, 1);
  assert.deepEqual(evaluationWindows([], byteTokenizer, { time: 32 }), []);
});

Deno.test("`evaluationWindows()` refuses a tokenizer that loses text", () => {
  const lossy = { ...byteTokenizer, decode: (ids: readonly number[]) => byteTokenizer.decode(ids).toUpperCase() };
  assert.throws(() => evaluationWindows(wordyDocuments(1, 9), lossy, { time: 8 }), /does not give back the text/);
});

Deno.test("`evaluationWindows()` counts bytes exactly with byte-level BPE, whose tokens split characters", () => {
  const texts = [...wordyDocuments(5, 80), documents.find(({ id }) => id === "emoji")!];
  const trained = openTokenizer(trainTokenizer(wordyDocuments(20, 50, 2).map(({ text }) => text), { vocabSize: 300 }));
  const windows = evaluationWindows(texts, trained, { time: 24 });
  texts.forEach(({ text }, d) => {
    const own = windows.filter(({ document }) => document === d);
    assert.equal(own.reduce((sum, { bytes }) => sum + bytes, 0), bytesOf(text));
    assert.deepEqual(own.flatMap(({ tokens }) => [...tokens.subarray(1)]), trained.encode(text));
  });
});
