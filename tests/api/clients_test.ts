// The clients that people use, unchanged: npm's `openai`, and the AI SDK.
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";
// @ts-types="../../lib/refine/openai.d.ts"
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { serveTiny } from "./server.ts";

// It tells that completions take no tools, which nobody asked for.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const messages = [{ role: "user" as const, content: "Hi" }];

Deno.test("the `openai` client lists models, completes, chats and streams", async () => {
  await using server = await serveTiny({ apiKey: "right" });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "right" });
  const names: string[] = [];
  for await (const { id } of client.models.list()) names.push(id);
  assert.deepEqual(names, ["tiny", "a-run/expert:code"]);
  assert.equal((await client.models.retrieve("a-run/expert:code")).id, "a-run/expert:code");

  const asked = { model: "tiny", max_tokens: 4, temperature: 1, seed: 4 };
  const completion = await client.completions.create({ ...asked, prompt: ["a", "b"], logprobs: 1 });
  assert.equal(completion.choices.length, 2);
  assert.equal(completion.choices[0]!.logprobs!.tokens!.length, 4);
  let text = "";
  for await (const chunk of await client.completions.create({ ...asked, prompt: "a", stream: true as const })) {
    text += chunk.choices[0]!.text;
  }
  assert.equal(text, completion.choices[0]!.text);

  const whole = await client.chat.completions.create({ ...asked, messages });
  assert.equal(whole.choices[0]!.finish_reason, "length");
  // The client's own helper puts the message together from the events.
  const stream = client.chat.completions.stream({ ...asked, messages, stream_options: { include_usage: true } });
  const streamed = await stream.finalChatCompletion();
  assert.equal(streamed.choices[0]!.message.content, whole.choices[0]!.message.content);
  assert.equal(streamed.usage!.total_tokens, whole.usage!.total_tokens);
});

Deno.test("the `openai` client tells errors apart, and aborting it frees the place", async () => {
  await using server = await serveTiny({ apiKey: "right" });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "right", maxRetries: 0 });
  const chat = { model: "tiny", messages };
  await assert.rejects(client.chat.completions.create({ ...chat, temperature: 5 }), (error) => {
    assert.ok(error instanceof BadRequestError);
    assert.deepEqual([error.status, error.param, error.type], [400, "temperature", "invalid_request_error"]);
    return true;
  });
  await assert.rejects(client.chat.completions.create({ ...chat, model: "tony" }), NotFoundError);
  const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "wrong", maxRetries: 0 });
  await assert.rejects(stranger.models.list(), AuthenticationError);

  const { engine } = server.models.served;
  const stream = await client.chat.completions.create({
    ...chat,
    stream: true as const,
    logit_bias: { 0: -100, 2: -100 },
  });
  for await (const _ of stream) break;
  for (const end = performance.now() + 5_000; engine.load.running > 0;) {
    assert.ok(performance.now() < end, "the place is free");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

Deno.test("the AI SDK generates and streams text, and reports what is refused", async () => {
  await using server = await serveTiny();
  const provider = createOpenAICompatible({ name: "stitchbook", baseURL: `${server.url}/v1`, includeUsage: true });
  const asked = { model: provider("tiny"), prompt: "Hi", maxOutputTokens: 4, temperature: 1, seed: 4 };
  const whole = await generateText(asked);
  assert.equal(whole.finishReason, "length");
  assert.equal(whole.usage.outputTokens, 4);
  const streamed = streamText(asked);
  let text = "";
  for await (const part of streamed.textStream) text += part;
  assert.equal(text, whole.text);
  assert.equal((await streamed.usage).outputTokens, 4);
  const completed = await generateText({ ...asked, model: provider.completionModel("tiny") });
  assert.equal(completed.usage.outputTokens, 4);
  await assert.rejects(generateText({ ...asked, model: provider("tony"), maxRetries: 0 }), (error) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /'tony' is not served/);
    return true;
  });
});
