// What the API refuses, and how it says so: every answer that is not a success has OpenAI's error object.
import assert from "node:assert/strict";
import { errorSchema } from "../../lib/api/errors.ts";
import { MOST_BYTES } from "../../lib/api/app.ts";
import { serveTiny, type TestServer } from "./server.ts";

const COMPLETION = { model: "tiny", prompt: "x", max_tokens: 1 };
const CHAT = { model: "tiny", messages: [{ role: "user", content: "x" }], max_tokens: 1 };

async function refusal(response: Response) {
  const json = await response.json();
  assert.ok(response.headers.get("x-content-type-options") === "nosniff");
  return { status: response.status, ...errorSchema.parse(json).error };
}

/** A request that is refused: what differs from a good one, and the parameter and code of the error. */
type Case = readonly [change: object, param: string, code: string];

const SHARED: readonly Case[] = [
  [{ temperature: -1 }, "temperature", "integer_below_min_value"],
  [{ temperature: 2.5 }, "temperature", "decimal_above_max_value"],
  [{ temperature: "0" }, "temperature", "invalid_type"],
  [{ top_p: 1.5 }, "top_p", "decimal_above_max_value"],
  [{ top_k: 1.5 }, "top_k", "invalid_type"],
  [{ top_k: -1 }, "top_k", "integer_below_min_value"],
  [{ min_p: -0.5 }, "min_p", "decimal_below_min_value"],
  [{ repetition_penalty: 0 }, "repetition_penalty", "integer_below_min_value"],
  [{ presence_penalty: 3 }, "presence_penalty", "integer_above_max_value"],
  [{ frequency_penalty: -2.1 }, "frequency_penalty", "decimal_below_min_value"],
  [{ n: 0 }, "n", "integer_below_min_value"],
  [{ n: 1000 }, "n", "integer_above_max_value"],
  [{ seed: 1.5 }, "seed", "invalid_type"],
  [{ seed: 2 ** 60 }, "seed", "integer_above_max_value"],
  [{ max_tokens: -1 }, "max_tokens", "integer_below_min_value"],
  [{ max_tokens: 1e6 }, "*", "context_length_exceeded"],
  [{ logit_bias: { 259: 1 } }, "logit_bias.259", "invalid_value"],
  [{ logit_bias: { x: 1 } }, "logit_bias.x", "invalid_value"],
  [{ logit_bias: { 5: 101 } }, "logit_bias.5", "integer_above_max_value"],
  [{ stop: "" }, "stop", "string_below_min_length"],
  [{ stop: [""] }, "stop[0]", "string_below_min_length"],
  [{ stop: 5 }, "stop", "invalid_type"],
  [{ stream: "yes" }, "stream", "invalid_type"],
  [{ stream_options: { include_usage: true } }, "stream_options", "invalid_value"],
  [{ stream: true, stream_options: { usage: true } }, "stream_options.usage", "unknown_parameter"],
  [{ temprature: 1 }, "temprature", "unknown_parameter"],
  [JSON.parse('{"__proto__": 1}'), "__proto__", "unknown_parameter"],
  [{ model: "tony" }, "model", "model_not_found"],
  [{ model: undefined }, "model", "missing_required_parameter"],
  [{ model: 5 }, "model", "invalid_type"],
];

const COMPLETIONS: readonly Case[] = [
  ...SHARED,
  [{ prompt: "" }, "prompt", "string_below_min_length"],
  [{ prompt: [] }, "prompt", "invalid_type"],
  [{ prompt: [[]] }, "prompt[0]", "array_below_min_length"],
  [{ prompt: ["x", 5] }, "prompt[1]", "invalid_type"],
  [{ prompt: [1.5] }, "prompt[0]", "invalid_type"],
  [{ prompt: [[1, "x"]] }, "prompt[0][1]", "invalid_type"],
  [{ prompt: Array(1_000_000).fill(5) }, "prompt", "array_above_max_length"],
  [{ prompt: Array(1_000_000).fill(null) }, "prompt", "array_above_max_length"],
  [{ prompt: [Array(100_000).fill("x")] }, "prompt[0][0]", "invalid_type"],
  [{ ["x".repeat(1_000_000)]: 1 }, `${"x".repeat(200)}…`, "unknown_parameter"],
  [{ prompt: { text: "x" } }, "prompt", "invalid_type"],
  [{ prompt: undefined }, "prompt", "missing_required_parameter"],
  [{ prompt: [259] }, "prompt", "invalid_value"],
  [{ prompt: [[5], [1e9]] }, "prompt", "invalid_value"],
  [{ prompt: "x".repeat(3000) }, "prompt", "context_length_exceeded"],
  [{ prompt: Array(100).fill("x"), n: 100 }, "prompt", "array_above_max_length"],
  [{ logprobs: true }, "logprobs", "invalid_type"],
  [{ logprobs: 21 }, "logprobs", "integer_above_max_value"],
  [{ best_of: 2 }, "best_of", "invalid_value"],
  [{ suffix: "x" }, "suffix", "unsupported_parameter"],
  [{ echo: true, logprobs: 1, stream: true }, "echo", "invalid_value"],
];

const CHATS: readonly Case[] = [
  ...SHARED,
  [{ messages: [] }, "messages", "array_below_min_length"],
  [{ messages: "x" }, "messages", "invalid_type"],
  [{ messages: Array(150_000).fill(1) }, "messages[0]", "invalid_type"],
  [{ messages: undefined }, "messages", "missing_required_parameter"],
  [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].role", "invalid_value"],
  [{ messages: [{ role: "user" }] }, "messages[0].content", "missing_required_parameter"],
  [{ messages: [{ role: "user", content: [{ type: "image_url" }] }] }, "messages[0].content", "invalid_type"],
  [{ messages: [{ role: "user", content: "x", tool_calls: [] }] }, "messages[0].tool_calls", "unsupported_parameter"],
  [{ messages: [{ role: "user", content: "x".repeat(3000) }] }, "messages", "context_length_exceeded"],
  [{ messages: Array(3000).fill({ role: "user", content: "" }) }, "messages", "context_length_exceeded"],
  [{ tools: [] }, "tools", "unsupported_parameter"],
  [{ logprobs: 3 }, "logprobs", "invalid_type"],
  [{ top_logprobs: 21, logprobs: true }, "top_logprobs", "integer_above_max_value"],
  [{ response_format: { type: "xml" } }, "response_format.type", "invalid_value"],
  [{ response_format: { type: "json_schema" } }, "response_format.json_schema", "missing_required_parameter"],
];

Deno.test("each parameter that is unknown, unsupported, of a wrong type or out of range is refused by name", async () => {
  await using server = await serveTiny();
  const wrong: string[] = [];
  const check = async (path: string, good: object, cases: readonly Case[]) => {
    for (const [change, param, code] of cases) {
      const body = JSON.stringify(Object.assign(Object.create(null), good, change), undefined);
      const { status, ...error } = await refusal(await server.post(path, withProto(body, change)));
      const expected = code === "model_not_found" ? 404 : 400;
      const isRight = status === expected && error.code === code && (param === "*" || error.param === param) &&
        error.type === "invalid_request_error" && error.message.length > 20;
      if (!isRight) wrong.push(`${JSON.stringify(change).slice(0, 80)}: ${status} ${JSON.stringify(error)}`);
    }
  };
  await check("/v1/completions", COMPLETION, COMPLETIONS);
  await check("/v1/chat/completions", CHAT, CHATS);
  await check("/tokenize", { prompt: "x" }, [
    [{ prompt: 5 }, "prompt", "invalid_type"],
    [{ text: "x" }, "text", "unknown_parameter"],
    [{ model: "tony" }, "model", "model_not_found"],
  ]);
  await check("/detokenize", { tokens: [] }, [
    [{ tokens: [259] }, "tokens", "invalid_value"],
    [{ tokens: [-1] }, "tokens[0]", "integer_below_min_value"],
  ]);
  assert.deepEqual(wrong, []);
  assert.match(
    (await refusal(await server.post("/v1/completions", { ...COMPLETION, temprature: 1 }))).message,
    /temperature\?$/,
  );
  // And it still answers.
  assert.equal((await server.post("/v1/completions", COMPLETION)).status, 200);
});

/** Copying objects drops a key named `__proto__`. */
const withProto = (body: string, change: object) =>
  Object.hasOwn(change, "__proto__") ? body.replace("{", '{"__proto__":1,') : body;

Deno.test("bodies, routes and methods that there are not have their status", async () => {
  await using server = await serveTiny();
  const post = async (body: string, headers: Record<string, string> = {}) =>
    await refusal(await server.post("/v1/completions", body, headers));
  for (const body of ["", "{", '{"model": "tiny", "prompt": NaN}', "\u0000"]) {
    const { status, code } = await post(body);
    assert.deepEqual([status, code], [400, "invalid_json"], body);
  }
  for (const body of ["[]", "5", "null", '"x"']) assert.equal((await post(body)).code, "invalid_type", body);
  const infinite = JSON.stringify(COMPLETION).replace("}", ',"temperature":1e999}');
  assert.equal((await post(infinite)).param, "temperature");
  assert.equal((await post("[".repeat(100_000))).status, 400);
  assert.equal((await post("{}", { "content-type": "text/plain" })).status, 415);
  assert.equal((await post("{}", { "content-encoding": "gzip" })).status, 415);
  const latin1 = await fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: Uint8Array.from(JSON.stringify({ ...COMPLETION, prompt: "é" }), (sign) => sign.codePointAt(0)!),
  });
  assert.match((await refusal(latin1)).message, /not UTF-8/);
  assert.equal((await post("x".repeat(MOST_BYTES + 1))).status, 413);
  // Without a length, the body is cut off at the limit.
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (c) => c.enqueue(new Uint8Array(2 ** 20).fill(32)),
  });
  const large = await fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
  }).catch(() => undefined);
  if (large !== undefined) assert.equal((await refusal(large)).status, 413);

  const get = async (path: string, init: RequestInit = {}) => await refusal(await fetch(server.url + path, init));
  assert.deepEqual((await get("/v1/nope", { headers: { accept: "text/html" } })).code, "unknown_url");
  assert.equal((await get("/v1/models/tony")).status, 404);
  assert.equal((await get("/tokenizer_info?model=tony")).status, 404);
  const { data: [tiny] } = await (await fetch(`${server.url}/v1/models`)).json();
  const info = await (await fetch(`${server.url}/tokenizer_info?model=tiny`)).json();
  assert.equal(tiny.max_model_len, info.model_max_length);
  const wrongMethod = await fetch(`${server.url}/v1/completions`);
  assert.equal(wrongMethod.headers.get("allow"), "POST");
  assert.equal((await refusal(wrongMethod)).status, 405);
  assert.equal((await get("/v1/models", { method: "OPTIONS" })).status, 405);
  await Promise.all(["/health", "/v1/models"].map(async (path) => {
    const head = await fetch(server.url + path, { method: "HEAD" });
    assert.equal(head.status, 200);
  }));
});

Deno.test("a key is asked for on every route but /health; other sites' pages and other hosts are refused", async () => {
  await using server = await serveTiny({ apiKey: "right" });
  const status = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, { headers });
    const body = await response.json();
    return response.ok ? 200 : `${response.status} ${errorSchema.parse(body).error.code}`;
  };
  for (const path of ["/v1/models", "/v1/openapi.json", "/tokenizer_info", "/metrics", "/v1/nope"]) {
    assert.equal(await status(path), "401 invalid_api_key", path);
  }
  assert.equal(await status("/health"), 200);
  for (const authorization of ["Bearer", "Bearer ", "Bearer wrong", "Bearer righ", "Basic right", "right"]) {
    assert.equal(await status("/v1/models", { authorization }), "401 invalid_api_key", authorization);
  }
  const authorization = "Bearer right";
  assert.equal(await status("/v1/models", { authorization }), 200);
  assert.equal(await status("/v1/models", { authorization, origin: server.url }), 200);
  assert.equal(await status("/v1/models", { authorization, origin: "http://evil.com" }), "403 origin_foreign");
  assert.equal(await status("/v1/models", { authorization, "sec-fetch-site": "cross-site" }), "403 origin_foreign");
  assert.equal(await statusFor(server, "evil.com", authorization), 403);
  assert.equal(await statusFor(server, "192.168.1.7:8420", authorization), 200, "an address cannot be rebound");
});

Deno.test("without a key, any key is accepted, and only loopback names are", async () => {
  await using server = await serveTiny();
  for (const authorization of ["Bearer ", "Bearer anything"]) {
    const response = await fetch(`${server.url}/v1/models`, { headers: { authorization } });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  }
  assert.equal(await statusFor(server, "localhost"), 200);
  assert.equal(await statusFor(server, "192.168.1.7:8420"), 403);
});

async function statusFor({ url }: TestServer, host: string, authorization = ""): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const head =
    `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  return Number((await new Response(connection.readable).text()).split(" ")[1]);
}

Deno.test("models, their tokenizers and metrics can be read, and the description of the API is whole", async () => {
  await using server = await serveTiny();
  const get = async (path: string) => await (await fetch(server.url + path)).json();
  const { data } = await get("/v1/models");
  assert.deepEqual(data.map(({ id }: { id: string }) => id), ["tiny", "a-run/expert:code"]);
  for (const path of ["a-run/expert:code", "a-run%2Fexpert%3Acode"]) {
    assert.equal((await get(`/v1/models/${path}`)).id, "a-run/expert:code");
  }
  const info = await get("/tokenizer_info");
  assert.deepEqual([info.eos_token, info.bos_token, info.model_max_length], ["<|endoftext|>", "<|endoftext|>", 2048]);
  assert.ok(info.chat_template.includes("add_generation_prompt"));
  // As lm-evaluation-harness finds out the ids of special tokens.
  const tokenize = async (body: object) => (await (await server.post("/tokenize", body)).json()).tokens;
  assert.deepEqual(await tokenize({ prompt: info.eos_token, add_special_tokens: false }), [0]);
  const tokens = await tokenize({ prompt: "a<|endoftext|>é" });
  assert.equal((await (await server.post("/detokenize", { tokens })).json()).prompt, "<|endoftext|>a<|endoftext|>é");

  await (await server.post("/v1/completions", { ...COMPLETION, prompt: ["a", "b"], max_tokens: 2 })).text();
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /^stitchbook_generated_tokens_total\{model="tiny"\} 4$/m);
  assert.match(metrics, /^stitchbook_prompt_tokens_total\{model="tiny"\} 4$/m);
  assert.match(metrics, /^stitchbook_requests_total\{route="\/v1\/completions",status="200"\} 1$/m);
  assert.match(metrics, /^stitchbook_texts_running\{model="tiny"\} 0$/m);
  assert.match(metrics, /^stitchbook_time_to_first_token_seconds_count\{model="tiny"\} 1$/m);

  const api = await get("/v1/openapi.json");
  assert.deepEqual(Object.keys(api.paths).sort(), [
    "/detokenize",
    "/tokenize",
    "/tokenizer_info",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/models",
    "/v1/models/{model}",
  ]);
  const { properties } = api.components.schemas.CompletionRequest;
  assert.ok(["prompt", "top_k", "logit_bias"].every((name) => name in properties));
});
