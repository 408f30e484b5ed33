// The card of an answer, as the server would render it: what it says when there is no text.
import assert from "node:assert/strict";
import { AnswerCard } from "../../../lib/serve/client/prompt/answer.tsx";
import type { Answer } from "../../../lib/serve/client/prompt/ask.ts";

const cardOf = (part: Partial<Answer>, more: { readonly writing?: boolean; readonly error?: string } = {}) => {
  const none: Answer = {
    model: "bts",
    without: null,
    pieces: [],
    gates: null,
    tokens: 0,
    seconds: 0,
    finish: "stop",
  };
  return String(AnswerCard({ answer: { ...none, ...part }, prompt: "x", writing: false, ...more }));
};

Deno.test("an answer without text says why", () => {
  assert.match(cardOf({ finish: "cancelled" }), /Stopped before the first token/);
  assert.match(cardOf({ finish: "stop" }), /The model ended its answer at once/);
  assert.match(cardOf({ finish: "length", tokens: 1, seconds: 1 }), /1 token, .*not a whole character/);
  for (const other of [cardOf({}, { writing: true }), cardOf({}, { error: "It is too long" })]) {
    assert.doesNotMatch(other, /Stopped|ended|character/);
  }
  const text = cardOf({ pieces: [{ text: "yes", gates: null }], tokens: 1, seconds: 1, finish: "cancelled" });
  assert.match(text, /1 token, 1.00 tokens\/s, stopped.*yes/);
});
