// What a model writes: the most likely tokens, up to one that ends a text.
import assert from "node:assert/strict";
import { trainedModel } from "../../lib/library/trained-model.ts";
import { modelConfigSchema } from "../../lib/model/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { bigramModel, byteTokenizer } from "../eval/fakes.ts";

Deno.test("`generate()` stops at `<|endoftext|>` and at every other token that ends a text", async () => {
  await using _device = await openDevice("reference");
  // Counts upwards, and from 100 on to <|endoftext|>.
  const model = bigramModel(257, (from, to) => to === (from < 100 ? from + 1 : 256) ? 9 : 0, 64);
  const open = (ends: readonly number[]) =>
    trainedModel("counter", {
      model,
      tokenizer: byteTokenizer,
      ends,
      chat: undefined,
      generation: undefined,
      config: modelConfigSchema.parse({ vocabSize: 257 }),
      parameters: { trained: 0, total: 0, active: 0 },
    }, () => {});
  assert.equal(await open([]).generate("a"), "bcd");
  assert.equal(await open([99, 98]).generate("`"), "a");
  assert.equal(await open([]).generate("`", { maxTokens: 2 }), "ab");
});
