// The text that changes its domain, as the prompt box offers it.
import assert from "node:assert/strict";
import { contextSwitch } from "../../../lib/serve/client/prompt/examples.ts";

const EXPERTS = ["code", "math", "multilingual"];

Deno.test("the example has every domain of the experts, English first, and two of them for a short context", () => {
  const long = contextSwitch(EXPERTS, 254)!;
  assert.match(long.text, /^The people[^]*function add[^]*12 plus 7[^]*être assigné/);
  assert.equal(long.length, 16);
  const short = contextSwitch(EXPERTS, 62)!;
  assert.match(short.text, /^The people[^]*function add/);
  assert.doesNotMatch(short.text, /12 plus 7|être/);
  // Tokens of the smallest preset are 1.7 letters long, and one opens the text.
  assert.ok(short.text.length / 1.7 + short.length < 64, `${short.text.length} letters, ${short.length} tokens`);
});

Deno.test("there is no example without two domains that have a text, whatever domains are called", () => {
  assert.equal(contextSwitch(["law"], 254), undefined);
  assert.equal(contextSwitch(["constructor", "english"], 254), undefined);
  assert.match(contextSwitch(["law", "math"], 254)!.text, /12 plus 7/);
});
