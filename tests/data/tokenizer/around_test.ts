// What a tokenizer.json adds around a text.
import assert from "node:assert/strict";
import { tokensAround } from "../../../lib/data/tokenizer/around.ts";

const around = (processor: unknown) => tokensAround({ post_processor: processor });

Deno.test("`tokensAround()` reads what a tokenizer.json adds around a text", () => {
  const template = {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }, {
      SpecialToken: { id: "</s>", type_id: 0 },
    }],
    special_tokens: {
      "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [2], tokens: ["</s>"] },
    },
  };
  for (const none of [undefined, null, { type: "ByteLevel" }]) {
    assert.deepEqual(around(none), { before: [], after: [] });
  }
  const after = { ...template, single: template.single.slice(1) };
  assert.deepEqual(around(after), { before: [], after: [2] });
  assert.deepEqual(around({ type: "ByteLevel" }), { before: [], after: [] });
  assert.deepEqual(around(template), { before: [1], after: [2] });
  assert.deepEqual(around({ type: "Sequence", processors: [{ type: "ByteLevel" }, template] }), {
    before: [1],
    after: [2],
  });
  assert.deepEqual(around({ type: "BertProcessing", cls: ["[CLS]", 5], sep: ["[SEP]", 6] }), {
    before: [5],
    after: [6],
  });
  assert.equal(around({ type: "New" }), undefined);
  assert.equal(around({ type: "Sequence", processors: [{ type: "New" }] }), undefined);
});
