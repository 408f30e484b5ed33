// Exact answers: numbers in lowest terms, and what counts as stating one.
import assert from "node:assert/strict";
import { exactNumber, lineAnswer, statedAnswer } from "../../lib/refine/exact.ts";
import { random } from "../../lib/random.ts";

Deno.test("`exactNumber()` is the same text for equal numbers, and refuses anything else", () => {
  for (
    const [text, exact] of [
      ["7", "7"],
      [" 007 ", "7"],
      ["+7", "7"],
      ["−7", "-7"],
      ["-0", "0"],
      ["1,234,567.50", "2469135/2"],
      ["6/8", "3/4"],
      ["-6 / 8", "-3/4"],
      ["0.75", "3/4"],
      ["8/4", "2"],
      ["123456789012345678901234567890", "123456789012345678901234567890"],
    ] as const
  ) assert.equal(exactNumber(text), exact, text);
  for (const text of ["", "seven", "1,23", "1.2.3", "3/0", "1e5", "12 13", "--3", "x", "0x10", "9".repeat(61)]) {
    assert.equal(exactNumber(text), undefined, text);
  }
});

Deno.test("fractions of random numbers are in lowest terms", () => {
  const seed = Date.now() % 100_000;
  const draw = random(seed, "fractions");
  for (let i = 0; i < 300; i++) {
    const [a, b, c] = [draw.between(0, 500), draw.between(1, 500), draw.between(1, 50)];
    assert.equal(exactNumber(`${a * c}/${b * c}`), exactNumber(`${a}/${b}`), `seed ${seed}: ${a}/${b} times ${c}`);
  }
});

Deno.test("`statedAnswer()` takes one number after the last mark, and nothing else", () => {
  for (
    const [text, answer] of [
      ["3 + 4 = 7\nAnswer: 7", "7"],
      ["Answer: 7.", "7"],
      ["**Answer:** 7", "7"],
      ["**Answer: 7**", "7"],
      ["Answer: $1,250$", "1250"],
      ["Answer: $5", "5"],
      ["Answer: \\(\\frac{6}{8}\\)", "3/4"],
      ["Answer: \\boxed{12}", "12"],
      ["final answer: x = 4", "4"],
      ["The final answer is x * y = 22.", "22"],
      ["So the answer is 12 apples.", "12"],
      ["Answer: 6\nNo, that is wrong.\nAnswer: 7", "7"],
      ["It is \\boxed{41}, no: \\boxed{42}.", "42"],
      ["ANSWER = -3", "-3"],
    ] as const
  ) assert.equal(statedAnswer(text), answer, text);
  for (
    const text of [
      "",
      "7",
      "It is 7.",
      "Answer:",
      "Answer: unknown",
      "Answer: 7 or 8",
      "Answer: 7\nAnswer: I am not sure", // the last mark counts
      "Answer: between 7 and 9",
      "Answer: 12 - 5 = 7",
      "Answer: 2x = 7",
      "answered 7",
      "\\boxed{7 + 1}",
    ]
  ) assert.equal(statedAnswer(text), undefined, text);
});

Deno.test("`lineAnswer()` takes the last number of the first line", () => {
  assert.equal(lineAnswer(" 12 - 5 = 7\nWhat is 3 plus 4? 8"), "7");
  assert.equal(lineAnswer(" 6x = 12, so x = 2."), "2");
  assert.equal(lineAnswer(" 120 minutes"), "120");
  assert.equal(lineAnswer(" 2.5"), "5/2");
  assert.equal(lineAnswer("\n7"), undefined);
  assert.equal(lineAnswer(" nothing"), undefined);
});
