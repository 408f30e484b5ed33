// Prompts before they are encoded.
import assert from "node:assert/strict";
import { encodePrompt } from "../../lib/api/parameters.ts";
import type { Tokenizer } from "../../lib/data/mod.ts";

/** A token for each character or, after `~`, for a hundred. */
function counting(): { readonly tokenizer: Tokenizer; readonly encoded: string[] } {
  const encoded: string[] = [];
  const encode = (text: string) => {
    encoded.push(text);
    return [...text.matchAll(/~.{1,99}|./gs)].map((_, i) => i);
  };
  return { tokenizer: { encode } as unknown as Tokenizer, encoded };
}

Deno.test("a prompt that is much too long is refused by its beginning", () => {
  const { tokenizer, encoded } = counting();
  assert.throws(
    () => encodePrompt("x".repeat(1e7), tokenizer, 64, "prompt"),
    {
      code: "context_length_exceeded",
      message: "The model's context has 64 tokens, but the prompt has more than 1008",
    },
  );
  assert.deepEqual(encoded.map(({ length }) => length), [1024]);
});

Deno.test("a prompt of few tokens is encoded whole, however long it is", () => {
  const { tokenizer } = counting();
  assert.equal(encodePrompt(`~${"x".repeat(99)}`.repeat(18), tokenizer, 64, "prompt").length, 18);
  assert.equal(encodePrompt("x".repeat(1000), tokenizer, 64, "prompt").length, 1000, "its exact length is told later");
});
