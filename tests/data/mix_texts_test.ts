// Texts for the tokeniser: the datamix's shares, from the training split only.
import assert from "node:assert/strict";
import { mixTexts } from "../../lib/data/mod.ts";

const split = (letter: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `${letter}${i}`, text: letter.repeat(100) }));
const corpus = {
  domains: ["a", "b", "c"],
  documents: {
    a: { train: split("a", 50), validation: split("x", 9), heldout: split("x", 9) },
    b: { train: split("b", 50), validation: split("x", 9), heldout: split("x", 9) },
    c: { train: split("c", 2), validation: split("x", 9), heldout: split("x", 9) },
  },
};
const bytesOf = (texts: readonly string[], letter: string) => texts.join("").split(letter).length - 1;

Deno.test("`mixTexts()` gives each domain its share of the bytes, and what there is of a short one", () => {
  const texts = mixTexts(corpus, { a: 3, b: 1 }, { bytes: 4000 });
  assert.deepEqual(["a", "b", "c", "x"].map((letter) => bytesOf(texts, letter)), [3000, 1000, 0, 0]);
  const short = mixTexts(corpus, { b: 1, c: 1 }, { bytes: 4000 });
  assert.deepEqual(["a", "b", "c", "x"].map((letter) => bytesOf(short, letter)), [0, 2000, 200, 0]);
});

Deno.test("`mixTexts()` refuses an unknown domain", () => {
  assert.throws(() => mixTexts(corpus, { d: 1 }, { bytes: 10 }), /unknown domain "d"/);
});
