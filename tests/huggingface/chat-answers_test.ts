// The assistant's words in conversations are those that Python's transformers finds, token by token.
import assert from "node:assert/strict";
import { encodeScored } from "../../lib/data/batches/scored.ts";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import type { TokenizerJson } from "../../lib/data/types.ts";
import { UserError } from "../../lib/errors.ts";
import type { ChatMessage } from "../../lib/huggingface/chat-template.ts";
import { renderAnswers } from "../../lib/huggingface/chat-answers.ts";

interface Fixtures {
  readonly tokenizers: Readonly<Record<string, TokenizerJson>>;
  readonly families: Readonly<
    Record<string, {
      readonly tokenizer: string;
      readonly plain: string;
      readonly tagged: string;
      readonly tokens: Readonly<Record<string, string>>;
    }>
  >;
  readonly conversations: Readonly<Record<string, readonly ChatMessage[]>>;
  readonly cases: readonly {
    readonly family: string;
    readonly conversation: string;
    readonly text: string;
    readonly ids: readonly number[];
    readonly mask: string;
  }[];
}

const { tokenizers, families, conversations, cases }: Fixtures = JSON.parse(
  await Deno.readTextFile("tests/huggingface/fixtures/chat_masks.json"),
);

for (const [family, { tokenizer, plain, tagged, tokens }] of Object.entries(families)) {
  Deno.test(`the assistant's tokens in the format of ${family} are those of transformers`, () => {
    const opened = openTokenizer(tokenizers[tokenizer]!);
    const own = cases.filter((one) => one.family === family);
    assert.equal(own.length, Object.keys(conversations).length);
    for (const { conversation, text, ids, mask } of own) {
      for (const [how, template] of Object.entries({ plain, tagged })) {
        const rendered = renderAnswers({ template, tokens }, conversations[conversation]!);
        assert.equal(rendered.text, text, `${conversation}, ${how}`);
        const found = encodeScored(text, rendered.answers, opened);
        assert.deepEqual(found.ids, ids, `${conversation}, ${how}`);
        assert.equal(found.scored.join(""), mask, `${conversation}, ${how}: ${JSON.stringify(rendered.answers)}`);
      }
    }
  });
}

Deno.test("`renderAnswers()` says which message cannot be told from the rest, and what to do", () => {
  // Every message is written twice, the second time in reverse order.
  const template =
    "{% for m in messages %}{{ m.content }}{% endfor %}{% for m in messages[::-1] %}{{ m.content }}{% endfor %}";
  const messages = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "three" },
  ];
  assert.throws(() => renderAnswers({ template, tokens: {} }, messages), (error: unknown) => {
    assert.ok(error instanceof UserError);
    assert.equal(error.code, "chat.answers");
    assert.match(error.message, /message 2 of 3/);
    assert.match(error.hint!, /\{% generation %\}.*data\.template.*data\.loss=all/s);
    return true;
  });
});
