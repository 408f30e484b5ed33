// Conversations in the user's files: read, mixed with texts, and refused with file, line and field.
import assert from "node:assert/strict";
import { readFiles } from "../../../lib/data/files/load.ts";
import type { LoadOptions } from "../../../lib/data/files/options.ts";
import type { ChatRenderer, Document } from "../../../lib/data/types.ts";
import { UserError } from "../../../lib/errors.ts";
import { refuses, withFiles } from "./helpers.ts";

/** Writes `role: content;` for each message; the assistant's part has the semicolon. */
const chat: ChatRenderer = {
  text: (messages, tools) => chat.answers(messages, tools).text,
  answers(messages, tools) {
    let text = tools === undefined ? "" : `tools ${JSON.stringify(tools)};`;
    const answers: [number, number][] = [];
    for (const { role, content } of messages) {
      if (role === "critic") throw new UserError("chat.refused", "The template refuses critics", "no critics");
      text += `${role}: `;
      if (role === "assistant") answers.push([text.length, text.length + `${content};`.length]);
      text += `${content};`;
    }
    return { text, answers };
  },
};

async function load(path: string, options: Partial<LoadOptions> = {}) {
  const documents: Document[] = [];
  const sink = {
    add: (document: Document) => void documents.push(document),
    mark: () => documents.length,
    rollback: (length: number) => void (documents.length = length),
  };
  const skipped = await readFiles(path, "data.domains.x", { textField: "text", chat, ...options }, sink);
  return { documents, skipped };
}

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown) => ({ role: "assistant", content });
const lines = (...records: unknown[]) => records.map((one) => JSON.stringify(one)).join("\n");

Deno.test("`readFiles()` reads conversations and texts of one file, each as what it is", () =>
  withFiles({
    "a.jsonl": lines(
      { messages: [{ role: "system", content: "Be brief." }, user("Hi"), assistant("Ho")] },
      { text: "plain" },
      { text: "the text comes first", messages: [user("Hi"), assistant("Ho")] },
      { messages: null },
    ),
    "b.json": JSON.stringify([{ messages: [user("Hi"), assistant("Ho")], tools: [{ name: "f" }] }]),
    "c.jsonl": lines({ turns: [user("Hi"), assistant("Ho")] }),
  }, async (folder) => {
    const { documents, skipped } = await load(`${folder}/a.jsonl`);
    assert.deepEqual(documents.map(({ text, chat }) => ({ text, chat })), [
      { text: "system: Be brief.;user: Hi;assistant: Ho;", chat: { scored: [[38, 41]], opening: 24 } },
      { text: "plain", chat: undefined },
      { text: "the text comes first", chat: undefined },
    ]);
    assert.equal(skipped.emptyTexts, 1);
    assert.equal(documents[0]!.id, `${folder}/a.jsonl#1`);
    const [withTools] = (await load(`${folder}/b.json`)).documents;
    assert.equal(withTools!.text, 'tools [{"name":"f"}];user: Hi;assistant: Ho;');
    const [named] = (await load(`${folder}/c.jsonl`, { textField: "turns" })).documents;
    assert.deepEqual(named!.chat!.scored, [[20, 23]]);
  }));

Deno.test("`readFiles()` scores all of a conversation with `loss: all`", () =>
  withFiles({ "a.jsonl": lines({ messages: [user("Hi")] }) }, async (folder) => {
    const [one] = (await load(`${folder}/a.jsonl`, { loss: "all" })).documents;
    assert.deepEqual(one!.chat!.scored, [[0, one!.text.length]]);
  }));

Deno.test("`readFiles()` reads conversations from Parquet, and names the row of one that is bad", async () => {
  const path = "tests/data/files/fixtures/conversations.parquet";
  await refuses(() => load(path), "data.bad-conversation", /row 3: the field "messages", message 2 \(assistant\)/);
  // Alone it must be whole, or bad records are skipped.
  const { documents, skipped } = await load(path, { skipBad: true });
  assert.deepEqual(documents.map(({ text }) => text), ["user: Grüße;assistant: 世界;"]);
  assert.deepEqual([skipped.emptyTexts, skipped.badRecords], [1, 1]);
});

Deno.test("`readFiles()` refuses bad conversations with their file, line and field", async () => {
  const good = { messages: [user("Hi"), assistant("Ho")] };
  const cases: readonly (readonly [record: unknown, message: RegExp])[] = [
    [{ messages: [] }, /a\.jsonl line 2: the field "messages" has no messages/],
    [{ messages: ["Hi"] }, /line 2: the field "messages", message 1 is no object/],
    [{ messages: [{ from: "human", value: "Hi" }] }, /message 1 has no "role" of text: it has from, value/],
    [{ messages: [user(7)] }, /message 1 \(user\) has no "content" of text/],
    [{ messages: [user([{ type: "text", text: "Hi" }])] }, /message 1 \(user\) has no "content" of text/],
    [{ messages: [user("Hi"), assistant(null)] }, /message 2 \(assistant\) has no "content" of text/],
    [{ messages: [user("Hi")] }, /has no message of the assistant/],
    [{ messages: [{ role: "critic", content: "No" }] }, /line 2: the field "messages": The template refuses critics/],
    [{ messages: [user("\ud800"), assistant("Ho")] }, /has half of a surrogate pair/],
    [{ ...good, tools: "f" }, /beside a field "tools" that is no list/],
    [{ messages: "Hi" }, /^$/],
  ];
  for (const [record, message] of cases) {
    await withFiles({ "a.jsonl": lines(good, record, good) }, async (folder) => {
      if (message.source === "^$") {
        // A text in the field is a text, as with any other name.
        assert.equal((await load(`${folder}/a.jsonl`)).documents[1]!.text, "Hi");
        return;
      }
      await refuses(() => load(`${folder}/a.jsonl`), "data.bad-conversation", message);
      const { documents, skipped } = await load(`${folder}/a.jsonl`, { skipBad: true });
      assert.deepEqual([documents.length, skipped.badRecords], [2, 1]);
    });
  }
});

Deno.test("`readFiles()` takes a message without content if it calls tools", () =>
  withFiles(
    { "a.jsonl": lines({ messages: [user("Hi"), { ...assistant(null), tool_calls: [{}] }] }) },
    async (folder) => {
      assert.equal((await load(`${folder}/a.jsonl`)).documents[0]!.text, "user: Hi;assistant: null;");
    },
  ));

Deno.test("`readFiles()` refuses conversations without a template, also when bad records are skipped", () =>
  withFiles({ "a.jsonl": lines({ messages: [user("Hi"), assistant("Ho")] }) }, async (folder) => {
    for (const skipBad of [false, true]) {
      const read = () => load(`${folder}/a.jsonl`, { chat: undefined, skipBad });
      await refuses(read, "data.no-template", /a\.jsonl line 1: .*no chat template/, /data\.template=chatml/);
    }
  }));
