// The process of the models and the server that passes requests to it: deaths, restarts, and the end.
import assert from "node:assert/strict";
import { createFront, isApiPath, startInference } from "../../lib/api/mod.ts";
import { UserError } from "../../lib/errors.ts";

const COMMAND = ["run", "-A", "--no-check", "--quiet", new URL("./tiny-main.ts", import.meta.url).href];
const KEY = "right";

/** What the process logs, and the server in front of it. */
async function start() {
  const logged: string[] = [];
  const log = (text: string) => void logged.push(text);
  const inference = await startInference({
    command: COMMAND,
    access: { apiKey: KEY },
    settings: { refuse: false },
    log,
  });
  const front = createFront(inference, { apiKey: KEY });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, front);
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { inference, logged, url, close: async () => await Promise.all([server.shutdown(), inference.close()]) };
}

const headers = { "content-type": "application/json", authorization: `Bearer ${KEY}` };

function complete(url: string, more: object = {}, init: RequestInit = {}): Promise<Response> {
  const body = JSON.stringify({ model: "tiny", prompt: "x", max_tokens: 2, temperature: 0, ...more });
  return fetch(`${url}/v1/completions`, { method: "POST", headers, body, ...init });
}

/** Waits until the log says so: the port of a process that has just died may still be known. */
async function answersAgain(logged: readonly string[]): Promise<void> {
  for (const end = performance.now() + 60_000; logged.at(-1) !== "The models answer again";) {
    assert.ok(performance.now() < end, "it is started again");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("the server passes requests on, answers 503 when the process has died, and starts it again", async () => {
  const { inference, logged, url, close } = await start();
  try {
    assert.deepEqual(inference.models, ["tiny", "a-run/expert:code"]);
    const whole = await (await complete(url)).json();
    assert.equal(whole.usage.completion_tokens, 2);
    const streamed = await (await complete(url, { stream: true })).text();
    assert.match(streamed, /^data: \{[^]*data: \[DONE\]\n\n$/);
    // The process checks the key; the server checks where requests come from, and their size.
    assert.equal(await status(complete(url, {}, { headers: { "content-type": "application/json" } })), 401);
    assert.equal(await status(complete(url, {}, { headers: { ...headers, origin: url } })), 200);
    assert.equal(await status(complete(url, {}, { headers: { ...headers, origin: "http://evil.com" } })), 403);
    assert.equal(await status(complete(url, {}, { body: "x".repeat(17 * 2 ** 20) })), 413);
    assert.equal(await status(fetch(`${url}/v1/nope`, { headers })), 404);
    assert.equal(await status(fetch(`${url}/health`)), 200);

    // A client that leaves the server leaves the process.
    const left = new AbortController();
    const long = await complete(url, { max_tokens: 100_000, stream: true, logit_bias: { 0: -100, 2: -100 } }, {
      signal: left.signal,
    });
    await long.body!.getReader().read();
    left.abort();
    for (const end = performance.now() + 10_000;;) {
      const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
      if (/^stitchbook_texts_running\{model="tiny"\} 0$/m.test(metrics)) break;
      assert.ok(performance.now() < end, "its place is free");
    }

    // The test's process dies of this prompt, in the middle of another text.
    const cut = await complete(url, { max_tokens: 100_000, stream: true, logit_bias: { 0: -100, 2: -100 } });
    const died = await complete(url, { prompt: "die" });
    assert.equal(died.status, 503);
    assert.match(died.headers.get("retry-after")!, /^\d+$/);
    const { error } = await died.json();
    assert.deepEqual([error.type, error.code], ["server_error", "models_unavailable"]);
    const last = (await cut.text()).trimEnd().split("\n\n").at(-1)!;
    assert.equal(JSON.parse(last.slice("data: ".length)).error.code, "models_unavailable");
    await answersAgain(logged);
    assert.deepEqual((await (await complete(url)).json()).choices, whole.choices);
    assert.match(logged[0]!, /^The process of the models ended .*; starting it again in 0\.5 s$/);
  } finally {
    await close();
  }
  assert.equal(inference.port, undefined);
});

async function status(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

Deno.test("models that the process refuses are a user's mistake, with its words", async () => {
  const starting = startInference({ command: COMMAND, access: {}, settings: { refuse: true }, log: () => {} });
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof UserError);
    assert.deepEqual([error.code, error.hint], ["run.none", "look elsewhere"]);
    return true;
  });
});

Deno.test("the API's paths are /v1 and those of vLLM's tokenizers, and no page's", () => {
  for (const path of ["/v1", "/v1/models", "/v1/x", "/tokenize", "/metrics", "/health"]) {
    assert.ok(isApiPath(path), path);
  }
  for (const path of ["/", "/runs/x", "/api/runs", "/v1x", "/healthz", "/openapi.json"]) {
    assert.ok(!isApiPath(path), path);
  }
});
