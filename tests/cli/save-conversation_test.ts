// Conversations are added to a file line by line, and nothing else is touched.
import assert from "node:assert/strict";
import { saveConversation } from "../../lib/cli/save-conversation.ts";
import { withFolder } from "../run/fixtures.ts";

const line = (...contents: readonly string[]) =>
  `${JSON.stringify({ messages: contents.map((content) => ({ role: "user", content })) })}\n`;

Deno.test("`saveConversation()` adds to a file, and replaces the same conversation when it was shorter", () =>
  withFolder(async (folder) => {
    const path = `${folder}/chat.jsonl`;
    const text = () => Deno.readTextFile(path);
    const [first, longer, other] = [line("é"), line("é", "b"), line("c")];
    await saveConversation(path, first);
    assert.equal(await text(), first);
    await saveConversation(path, longer, first);
    assert.equal(await text(), longer);
    await saveConversation(path, other);
    assert.equal(await text(), longer + other);
    await saveConversation(path, first, longer); // no longer the last line
    assert.equal(await text(), longer + other + first);
    await Deno.writeTextFile(path, first.trimEnd()); // an editor may leave out the last line end
    await saveConversation(path, other);
    assert.equal(await text(), first + other);
  }));

Deno.test("`saveConversation()` refuses files of other things, and what cannot be written", () =>
  withFolder(async (folder) => {
    const path = `${folder}/notes.txt`;
    for (const [text, number] of [["Buy milk\n", 1], [`${line("a")}{"text":"a"}\n`, 2], ["null\n", 1]] as const) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(saveConversation(path, line("b"), line("a")), {
        code: "chat.save",
        message: `Cannot add to ${path}: line ${number} is not a conversation, a JSON object with messages`,
      });
      assert.equal(await Deno.readTextFile(path), text);
    }
    await assert.rejects(saveConversation(folder, line("b")), { code: "chat.save", message: /it is a folder/ });
    await assert.rejects(saveConversation(`${folder}/no/chat.jsonl`, line("b")), {
      code: "chat.save",
      message: /it does not exist/,
    });
  }));
