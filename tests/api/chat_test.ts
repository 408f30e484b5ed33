// Conversations over HTTP: the template's text is what the model reads.
import assert from "node:assert/strict";
import { chatCompletionSchema } from "../../lib/api/chat.ts";
import { renderChat } from "../../lib/huggingface/mod.ts";
import { events, serveTiny, type TestServer } from "./server.ts";
import { END, TEMPLATE, TOKENIZER } from "./tiny-models.ts";

const MESSAGES = [{ role: "system", content: "Hi" }, { role: "user", content: "né" }];

async function chat(server: TestServer, body: object) {
  const asked = { model: "tiny", messages: MESSAGES, temperature: 0, max_tokens: 3, ...body };
  const response = await server.post("/v1/chat/completions", asked);
  const json = await response.json();
  assert.equal(response.status, 200, JSON.stringify(json));
  return chatCompletionSchema.parse(json);
}

Deno.test("a conversation is read as the model's template writes it", async () => {
  await using server = await serveTiny();
  const text = renderChat({ template: TEMPLATE, tokens: {} }, MESSAGES, { addGenerationPrompt: true });
  const prompt = TOKENIZER.encode(text);
  const { choices: [choice], usage } = await chat(server, {});
  assert.equal(usage.prompt_tokens, prompt.length);
  const completed = await server.post("/v1/completions", { model: "tiny", prompt, temperature: 0, max_tokens: 3 });
  assert.equal(choice!.message.content, (await completed.json()).choices[0].text);
  // Other ways to say the same.
  const parts = [{ role: "developer", content: "Hi" }, {
    role: "user",
    content: [{ type: "text", text: "n" }, { type: "text", text: "é" }],
  }];
  const again = await chat(server, { messages: parts, max_tokens: undefined, max_completion_tokens: 3 });
  assert.deepEqual(again.choices, [choice]);
});

Deno.test("log-probabilities of a message have its tokens' bytes, without the token that ends it", async () => {
  await using server = await serveTiny();
  const id = String(TOKENIZER.encode("é")[0]);
  const asked = { logprobs: true, top_logprobs: 2, logit_bias: { [id]: 100 }, max_tokens: 2 };
  const { choices: [choice] } = await chat(server, asked);
  const [first] = choice!.logprobs!.content;
  assert.equal(choice!.logprobs!.content.length, 2);
  assert.deepEqual([first!.token, first!.bytes, first!.top_logprobs.length], ["bytes:\\xc3", [0xc3], 2]);
  assert.ok(first!.logprob < -0.5, "the logit bias does not count");
  const ended = await chat(server, { logprobs: true, logit_bias: { [END]: 100 } });
  assert.deepEqual(ended.choices[0]!.logprobs!.content, []);
  assert.equal(ended.choices[0]!.finish_reason, "stop");
});

Deno.test("a streamed message begins with the role, once, and joins to the whole message", async () => {
  await using server = await serveTiny();
  const asked = { messages: MESSAGES, max_tokens: 4, seed: 3, temperature: 1, n: 2 };
  const whole = await chat(server, asked);
  const response = await server.post("/v1/chat/completions", { model: "tiny", ...asked, stream: true });
  const all = await events(response);
  assert.equal(all.pop(), "[DONE]");
  const chunks = all.map((data) => JSON.parse(data));
  assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk" && !("usage" in chunk)));
  for (const { index, message } of whole.choices) {
    const mine = chunks.map(({ choices }) => choices[0]).filter((choice) => choice.index === index);
    assert.deepEqual(mine.map(({ delta }) => delta.role), ["assistant", ...mine.slice(1).map(() => undefined)]);
    assert.equal(mine.map(({ delta }) => delta.content ?? "").join(""), message.content);
    assert.deepEqual(mine.at(-1).delta, {});
    assert.equal(mine.at(-1).finish_reason, "length");
  }
});

Deno.test("conversations that cannot be had are refused: by the template's own words, or without a template", async () => {
  await using server = await serveTiny();
  const refusal = async (body: object) => {
    const response = await server.post("/v1/chat/completions", { model: "tiny", messages: MESSAGES, ...body });
    assert.equal(response.status, 400);
    return (await response.json()).error;
  };
  const raised = await refusal({ messages: [{ role: "assistant", content: "I begin" }] });
  assert.match(raised.message, /An assistant may not begin/);
  assert.deepEqual([raised.param, raised.code], ["messages", "chat_refused"]);
  const plain = await refusal({ model: "a-run/expert:code" });
  assert.deepEqual([plain.param, plain.code], ["model", "chat_template_missing"]);
  const both = await refusal({ max_tokens: 3, max_completion_tokens: 4 });
  assert.equal(both.param, "max_tokens");
  assert.equal((await refusal({ top_logprobs: 3 })).param, "top_logprobs");
  const schema = { type: "json_schema", json_schema: { name: "x", schema: { type: "nonsense" } } };
  assert.deepEqual((await refusal({ response_format: schema })).code, "invalid_json_schema");
  const nested = '{"type":"array","items":'.repeat(50_000) + "{}" + "}".repeat(50_000);
  const body = JSON.stringify({ model: "tiny", messages: MESSAGES, response_format: schema });
  const deep = await server.post("/v1/chat/completions", body.replace('{"type":"nonsense"}', nested));
  assert.equal(deep.status, 400);
  assert.match((await deep.json()).error.message, /more than 500 levels deep/);
});

Deno.test("a schema decides the message, and each choice keeps to it", async () => {
  await using server = await serveTiny();
  const schema = {
    type: "object",
    properties: { ok: { type: "boolean" }, sign: { enum: ["+", "-"] } },
    required: ["ok", "sign"],
    additionalProperties: false,
  };
  const format = { type: "json_schema", json_schema: { name: "x", schema, strict: true } };
  const asked = { messages: MESSAGES, temperature: 1, max_tokens: 400, n: 3 };
  const { choices } = await chat(server, { ...asked, response_format: format });
  for (const { message, finish_reason } of choices) {
    assert.equal(finish_reason, "stop", message.content);
    const { ok, sign, ...rest } = JSON.parse(message.content);
    assert.ok(typeof ok === "boolean" && ["+", "-"].includes(sign) && Object.keys(rest).length === 0);
  }
  // Any object; a random model does not come to its end.
  const { choices: [any] } = await chat(server, {
    ...asked,
    n: 1,
    max_tokens: 20,
    response_format: { type: "json_object" },
  });
  assert.match(any!.message.content, /^\s*\{/);
});
