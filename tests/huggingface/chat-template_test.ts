// Chat templates give the text that Python's transformers gives.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { strftime } from "../../lib/huggingface/strftime.ts";
import {
  type ChatMessage,
  type ChatTemplate,
  readChatTemplate,
  renderChat,
} from "../../lib/huggingface/chat-template.ts";

interface Fixtures {
  readonly templates: Readonly<Record<string, ChatTemplate>>;
  readonly conversations: Readonly<Record<string, readonly ChatMessage[]>>;
  readonly rendered: readonly {
    readonly family: string;
    readonly conversation: string;
    readonly addGenerationPrompt: boolean;
    readonly text?: string;
    readonly error?: string;
  }[];
  /** Templates for the conversation "two turns". */
  readonly edges: readonly { readonly template: string; readonly text?: string; readonly error?: string }[];
}

const { templates, conversations, rendered, edges }: Fixtures = JSON.parse(
  await Deno.readTextFile("tests/huggingface/fixtures/chat_templates.json"),
);

for (const family of Object.keys(templates)) {
  Deno.test(`conversations in the format of ${family} are rendered as transformers renders them`, () => {
    const cases = rendered.filter((one) => one.family === family);
    assert.equal(cases.length, 2 * Object.keys(conversations).length);
    for (const { conversation, addGenerationPrompt, text, error } of cases) {
      for (const newline of ["\n", "\r\n"]) {
        const chat = templates[family]!;
        const template = { ...chat, template: chat.template.replaceAll("\n", newline) };
        const render = () => renderChat(template, conversations[conversation]!, { addGenerationPrompt });
        if (error === undefined) assert.equal(render(), text, `${family}, ${conversation}`);
        else assert.throws(render, (thrown) => isRefusal(thrown, "chat.refused", error));
      }
    }
  });
}

for (const { template, text, error } of edges) {
  Deno.test(`a template means what it means in Python: ${template}`, () => {
    const render = () => renderChat({ template, tokens: {} }, conversations["two turns"]!);
    if (error === undefined) return assert.equal(render(), text);
    const [kind, words] = error.split(": ", 2) as [string, string];
    // Python's own errors have Python's words; Jinja's are ours, too, but for arguments that a macro was not given.
    const isJinja = ["UndefinedError", "TemplateError", "OverflowError"].includes(kind) &&
      !words.startsWith("parameter");
    assert.throws(render, (thrown) => isRefusal(thrown, "chat.refused", isJinja ? words : ""));
  });
}

Deno.test("a template that would take for ever or fill the memory is refused in a sentence", () => {
  const messages = [{ role: "user", content: "Hi" }];
  const loops = "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}";
  const doubled = "{% set n = namespace(x='abcdefgh') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}";
  for (const [template, words] of [[loops, "takes more than"], [doubled, "makes a text of more than"]] as const) {
    assert.throws(
      () => renderChat({ template, tokens: {} }, messages),
      (error) => isRefusal(error, "chat.template", `The model's chat template ${words}`),
    );
  }
});

Deno.test("`strftime_now()` writes the time as Python does", () => {
  const template = "{{ strftime_now('%Y-%m-%d') }}";
  const day = () => new Date(Date.now() - 60_000 * new Date().getTimezoneOffset()).toISOString().slice(0, 10);
  const before = day();
  const text = renderChat({ template, tokens: {} }, [{ role: "user", content: "Hi" }]);
  assert.ok([before, day()].includes(text), text);
  const date = new Date(2026, 1, 3, 0, 5, 9);
  assert.equal(
    strftime(date, "%d %b %y, %B %A %a %H:%M:%S %I %p %% %q"),
    "03 Feb 26, February Tuesday Tue 00:05:09 12 AM % %q",
  );
});

function isRefusal(error: unknown, code: string, words: string): boolean {
  assert.ok(error instanceof UserError, String(error));
  assert.equal(error.code, code);
  assert.ok(error.message.includes(words), error.message);
  return true;
}

Deno.test("templates with errors and empty conversations are refused", () => {
  const messages = [{ role: "user", content: "Hi" }];
  const wrong = [
    ["{% for %}", "chat.template", "cannot be read: "],
    ["{{ messages | no_such_filter }}", "chat.refused", "no_such_filter"],
    ["{{ raise_exception('No ' + messages[0].role) }}", "chat.refused", "No user"],
  ] as const;
  for (const [template, code, words] of wrong) {
    assert.throws(() => renderChat({ template, tokens: {} }, messages), (error) => isRefusal(error, code, words));
  }
  assert.throws(
    () => renderChat({ template: "", tokens: {} }, []),
    (error) => isRefusal(error, "chat.empty", "without"),
  );
});

Deno.test("the template and its tokens are read from wherever a folder has them", async () => {
  const folder = await Deno.makeTempDir();
  const write = (name: string, value: unknown) => Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
  try {
    assert.equal(await readChatTemplate(folder), undefined);
    await write("special_tokens_map.json", { bos_token: "<a>", eos_token: "<b>", additional_special_tokens: ["<c>"] });
    await write("tokenizer_config.json", { chat_template: "one", eos_token: { content: "</s>" }, pad_token: null });
    // The settings come first, a null included.
    assert.deepEqual(await readChatTemplate(folder), {
      template: "one",
      tokens: { bos_token: "<a>", eos_token: "</s>" },
    });
    const templates = [{ name: "tool_use", template: "tools" }, { name: "default", template: "two" }];
    await write("tokenizer_config.json", { chat_template: templates });
    assert.equal((await readChatTemplate(folder))?.template, "two");
    await Deno.writeTextFile(`${folder}/chat_template.jinja`, "three");
    assert.equal((await readChatTemplate(folder))?.template, "three");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
