// Terms: words of any script, numbers, stop words, and texts that have none.
import assert from "node:assert/strict";
import { featureText, NUMBER_TERM, termCounts } from "../../lib/domains/terms.ts";

const termsOf = (text: string) => Object.fromEntries(termCounts(text));

Deno.test("words count in lower case, numbers as one term, and stop words and single letters not at all", () => {
  assert.deepEqual(termsOf("The Whale and the whale, x = 3 + 425; snake_case"), {
    whale: 2,
    [NUMBER_TERM]: 2,
    snake_case: 1,
  });
  assert.deepEqual(termsOf(""), {});
  assert.deepEqual(termsOf("… — !"), {});
});

Deno.test("scripts without spaces are divided into words, and marks stay in theirs", () => {
  const chinese = termsOf("我们的语言模型学习语言。");
  assert.equal(chinese["语言"], 2);
  assert.ok(Object.keys(termsOf("ภาษาไทยไม่มีช่องว่าง")).length > 2);
  assert.deepEqual(Object.keys(termsOf("हिन्दी भाषा")), ["हिन्दी", "भाषा"]);
  // The same letters, composed and not.
  assert.deepEqual(termsOf("caf\u00e9"), termsOf("cafe\u0301"));
});

Deno.test("one giant document costs no more than its beginning, and data that looks like a word is none", () => {
  const giant = "word ".repeat(1e6);
  assert.equal(termsOf(giant)["word"], Math.ceil(featureText(giant).length / 5));
  assert.ok(featureText("😀".repeat(20_000)).isWellFormed());
  assert.deepEqual(termsOf("a".repeat(100)), {});
});
