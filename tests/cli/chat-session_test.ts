// A conversation with a tiny model: commands, answers, and what is refused without losing the conversation.
import assert from "node:assert/strict";
import { type ChatHost, chatSession } from "../../lib/cli/chat-session.ts";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { saveModelFolder } from "../../lib/huggingface/mod.ts";
import { type InferenceModel, openForInference } from "../../lib/library/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";
import { withFolder } from "../run/fixtures.ts";

const TEMPLATE =
  "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[a]{% endif %}";

/** A conversation; what it wrote, said and saved. */
function talk(model: InferenceModel, open: ChatHost["open"] = () => Promise.reject(new Error("not asked for"))) {
  const heard = { written: "", said: [] as string[], saved: new Map<string, string>() };
  const session = chatSession(model, { system: "be brief", sampling: {}, maxTokens: 4 }, {
    open,
    save: (path, text) => Promise.resolve(void heard.saved.set(path, text)),
    write: (text) => void (heard.written += text),
    say: (text) => void heard.said.push(text),
  });
  return { session, heard };
}

async function withModel(
  chatTemplate: string | undefined,
  body: (model: InferenceModel, path: string) => Promise<void>,
) {
  await withFolder(async (folder) => {
    const config = { ...TINY, vocabSize: 266, contextLength: 64 };
    const tokenizer = trainTokenizer(["the cat sat on the mat ".repeat(20)], { vocabSize: 266 });
    const path = `${folder}/tiny`;
    await saveModelFolder(path, {
      config,
      tensors: bigWeights(config, 1),
      tokenizer,
      ...(chatTemplate ? { chatTemplate } : {}),
    });
    await using model = await openForInference(path, undefined, { device: "cpu" });
    await body(model, path);
  });
}

Deno.test("a conversation is answered as its template says, and saved as training reads it", () =>
  withModel(TEMPLATE, async (model) => {
    const { session, heard } = talk(model);
    await using _session = session;
    assert.equal(await session.take("the cat"), true);
    assert.match(heard.said.at(-1)!, /^\[\d tokens?, .*the first after \d+ ms/);
    const first = heard.written;
    await session.take("/save a.jsonl");
    const { messages } = JSON.parse(heard.saved.get("a.jsonl")!);
    assert.deepEqual(messages.slice(0, 2), [
      { role: "system", content: "be brief" },
      { role: "user", content: "the cat" },
    ]);
    assert.deepEqual([messages[2].role, messages[2].content.trimEnd()], ["assistant", first.trimEnd()]);

    // The same question after /reset has the same answer; after a turn it has a longer prompt.
    await session.take("/reset");
    heard.written = "";
    await session.take("the cat");
    assert.equal(heard.written, first);
    assert.equal(await session.take("/quit"), false);
  }));

Deno.test("commands set what they say, and mistakes change nothing", () =>
  withModel(TEMPLATE, async (model) => {
    const { session, heard } = talk(model);
    await using _session = session;
    const cases: readonly (readonly [line: string, said: RegExp])[] = [
      ["/help", /^\/help .*\n\/model /s],
      ["/hlep", /There is no command \/hlep\n.*\/help/s],
      ["/model", /tiny$/],
      ["/set temperature 0.5", /^temperature is 0\.5 now$/],
      ["/set top-p 2", /--top-p cannot be 2/],
      ["/set skip 2", /--skip cannot be 2/],
      ["/set skip 0.1", /has no experts that could be skipped/],
      ["/set", /takes a setting and a number/],
      ["/set heat 2", /There is no setting "heat"/],
      ["/set max-tokens none", /max-tokens cannot be "none"/],
      ["/set max-tokens 1", /^max-tokens is 1 now$/],
      ["/system", /^There is no system message now$/],
      ["/save", /\/save needs a file/],
      ["/save b.jsonl", /nothing to save/],
      ["/drop", /nothing to forget/],
      ["the cat ".repeat(40), /The conversation has \d+ tokens, and the model takes 64 .*\n.*\/drop/s],
      ["the cat", /^\[1 token, /],
      ["/drop", /^0 questions are left$/],
    ];
    for (const [line, said] of cases) {
      assert.equal(await session.take(line), true, line);
      assert.match(heard.said.at(-1)!, said, line);
    }
    await session.take("the cat");
    const stopped = new AbortController();
    stopped.abort();
    await session.take("/set max-tokens 9");
    await session.take("the cat", stopped.signal);
    assert.match(heard.said.at(-1)!, /interrupted\]$/);
  }));

Deno.test("/model goes on with another model, and one without a template continues the text", () =>
  withModel(undefined, async (model, path) => {
    const opened: string[] = [];
    const { session, heard } = talk(model, async (name) => {
      opened.push(name);
      return await openForInference(path, undefined, { device: "cpu" });
    });
    await using _session = session;
    await session.take("the cat");
    const first = heard.written;
    await session.take("/model other");
    assert.deepEqual(opened, ["other"]);
    await session.take("/reset");
    heard.written = "";
    await session.take("the cat");
    assert.equal(heard.written, first);
  }));
