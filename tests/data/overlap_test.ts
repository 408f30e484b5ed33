// Finding repeated text: exact, nearly the same, and merely similar.
import assert from "node:assert/strict";
import { checkOverlap, shingleHashes } from "../../lib/data/overlap.ts";
import type { Document } from "../../lib/data/types.ts";
import { random } from "../../lib/random.ts";

const stream = random(1, "overlap");
const word = () => Array.from({ length: stream.between(3, 9) }, () => stream.pick([..."abcdefghijklmnop"])).join("");
const words = (count: number) => Array.from({ length: count }, word);
const document = (text: string, id = "d", keys?: string[]): Document =>
  keys === undefined ? { id, text } : { id, text, keys };
const check = (train: Document, heldout: Document, validation = document(words(50).join(" "))) =>
  checkOverlap({
    domains: ["a", "b"],
    documents: {
      a: { train: [train], validation: [], heldout: [document(words(40).join(" "))] },
      b: { train: [], validation: [validation], heldout: [heldout] },
    },
  });

const BASE = words(200);
const TEXT = BASE.join(" ");

Deno.test("`checkOverlap()` finds exact repetitions across domains and names both places", () => {
  assert.deepEqual(check(document(TEXT, "t"), document(`${TEXT}\n`, "h")), [
    { kind: "exact", document: "a/train t", repeats: "b/heldout h", share: 1 },
  ]);
});

Deno.test("`checkOverlap()` ignores case, spacing and punctuation, at any length", () => {
  for (const text of [TEXT, "just four plain words", "世界人権宣言の前文と本文"]) {
    const changed = text.toUpperCase().replaceAll(" ", ",\n  ");
    assert.equal(check(document(changed), document(`${text}.`))[0]?.kind, "near", text);
  }
});

Deno.test("`checkOverlap()` finds a text that shares half, and accepts one that shares a third", () => {
  const mixed = (kept: number) => document([...BASE.slice(0, kept), ...words(200 - kept)].join(" "));
  assert.equal(check(mixed(120), document(TEXT))[0]?.kind, "near");
  assert.deepEqual(check(mixed(66), document(TEXT)), []);
});

Deno.test("`checkOverlap()` finds a short text inside a long one, in either direction", () => {
  const inside = document(BASE.slice(90, 130).join(" "));
  assert.equal(check(inside, document(TEXT))[0]?.kind, "near");
  assert.equal(check(document(TEXT), inside)[0]?.kind, "near");
});

Deno.test("`checkOverlap()` finds validation text that repeats held-out text", () => {
  const found = check(document(words(80).join(" ")), document(TEXT, "h"), document(TEXT, "v"));
  assert.deepEqual(found.map(({ document, repeats }) => [document, repeats]), [["b/validation v", "b/heldout h"]]);
});

Deno.test("`checkOverlap()` finds shared keys in texts without a common word", () => {
  const found = check(document("eins zwei drei", "t", ["message:1"]), document("one two three", "h", ["message:1"]));
  assert.deepEqual(found.map(({ kind }) => kind), ["key"]);
});

Deno.test("`checkOverlap()` compares generated problems by key, not by wording", () => {
  const problems = (id: string, key: string, text: string) => document(text, `generated:${id}`, [key]);
  const worded = "Anna has 3 apples and gets 4 more. How many apples does Anna have now? 3 + 4 = 7";
  const other = worded.replaceAll("4", "5").replace("7", "8");
  assert.deepEqual(check(problems("t", "sum 3 5", other), problems("h", "sum 3 4", worded)), []);
  assert.equal(check(problems("t", "sum 3 4", other), problems("h", "sum 3 4", worded))[0]?.kind, "key");
});

Deno.test("`shingleHashes()` of a text has the hashes of all its runs of eight words", () => {
  const whole = shingleHashes(TEXT);
  assert.equal(whole.size, 193);
  const runs = new Set(
    Array.from({ length: 193 }, (_, i) => [...shingleHashes(BASE.slice(i, i + 8).join(" "))]).flat(),
  );
  assert.deepEqual(runs, whole);
  assert.equal(shingleHashes("").size, 0);
  assert.equal(shingleHashes(" .,;\n").size, 0);
});
