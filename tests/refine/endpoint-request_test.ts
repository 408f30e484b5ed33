// Endpoints that are down, slow, refuse, break off or talk nonsense: what is asked again, and what is named, and how.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { fetchWhole, UnusableReply } from "../../lib/refine/endpoint-fetch.ts";
import { endpointModels, endpointWriter } from "../../lib/refine/endpoint-writer.ts";
import type { EndpointOptions } from "../../lib/refine/endpoint-request.ts";
import type { WriteRequest } from "../../lib/refine/writer.ts";
import { failure, stubEndpoint } from "./stub-endpoint.ts";

const request: WriteRequest = {
  prompt: { kind: "message", text: "What is 3 plus 4?" },
  maxTokens: 5,
  temperature: 0,
  topP: 1,
  stop: [],
  seed: 1,
};

const options = (url: string, changes: Partial<EndpointOptions> = {}): EndpointOptions => ({
  url,
  seconds: 5,
  retries: 2,
  contextLength: 1000,
  pauseMs: 1,
  ...changes,
});

const usage = { prompt_tokens: 1, completion_tokens: 1 };
const chat = (message: unknown, finish_reason = "stop") =>
  Response.json({ choices: [{ message, finish_reason }], usage });
const html = (status = 200) =>
  new Response(`<html>\n${"x".repeat(500)}`, { status, headers: { "content-type": "text/html" } });
/** A reply whose connection is cut in the middle. */
const cut = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"choices": ['));
        setTimeout(() => controller.error(new Error("cut")), 20);
      },
    }),
    { headers: { "content-type": "application/json" } },
  );
/** A reply that never ends. */
const endless = () =>
  new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) }), {
    headers: { "content-type": "application/json" },
  });
const later = (seconds: string) => new Response("busy", { status: 429, headers: { "retry-after": seconds } });

function refuses(promise: Promise<unknown>, message: RegExp, hint = /./): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error instanceof Error ? error.stack : error));
    assert.equal(error.code, "refine.endpoint");
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    return true;
  });
}

Deno.test("what may pass is asked for again", async () => {
  const faults: readonly (readonly [name: string, fault: () => Response])[] = [
    ["500", () => failure(500)],
    ["429", () => failure(429)],
    ["429 for no time", () => later("0")],
    ["429 until a date that has passed", () => later(new Date(0).toUTCString())],
    ["a page", () => html()],
    ["a page of a proxy", () => html(502)],
    ["half of JSON", () => new Response("{", { headers: { "content-type": "application/json" } })],
    ["nothing", () => new Response(null, { headers: { "content-type": "application/json" } })],
    ["no choice", () => Response.json({ choices: [], usage })],
    ["no text", () => chat({ role: "assistant", content: null })],
    ["a connection that is cut", cut],
    ["a reply without an end", endless],
  ];
  for (const [name, fault] of faults) {
    let first = true;
    await using stub = stubEndpoint(() => {
      if (!first) return "Answer: 7";
      first = false;
      return fault();
    });
    const repeats: string[] = [];
    const writer = endpointWriter("stub", options(stub.url, { onRepeat: (why) => repeats.push(why) }));
    assert.equal((await writer.write(request)).text, "Answer: 7", name);
    assert.equal(stub.asked.length, 2, name);
    assert.match(repeats.join("\n"), /^The endpoint .*, and is asked again(: .*)?$/, name);
  }
});

Deno.test("what stays wrong is named, with how often it was tried", async () => {
  const wrong: readonly (readonly [reply: () => Response, tries: number, message: RegExp, hint?: RegExp])[] = [
    [() => failure(503), 3, /answers with an error: 503 overloaded, tried 3 times$/],
    [() => html(502), 3, /error: 502 <html> x+ …, tried 3 times$/],
    [() => new Response("nonsense"), 3, /cannot be read, tried 3 times: not JSON, but "nonsense"$/, /ends in \/v1/],
    [() => html(), 3, /cannot be read, tried 3 times: not JSON, but "<html> x+ …"$/],
    [() => new Response("{", { headers: { "content-type": "application/json" } }), 3, /broken JSON/],
    [cut, 3, /cannot be reached, tried 3 times: /],
    [endless, 3, /cannot be read, tried 3 times: more than 16 MiB$/],
    [() => Response.json({ choices: [{ message: { content: "7" } }] }), 3, /tried 3 times: usage: /],
    [() => chat({ content: 7 }), 3, /choices\.0\.message\.content: /],
    [() => chat({ content: null }), 3, /choices\.0\.message\.content: there is no text/],
    [() => chat({ role: "assistant" }), 3, /choices\.0\.message\.content: there is no text/],
    [
      () => Response.json({ choices: [{ message: { content: "7" } }], usage: { ...usage, prompt_tokens: -1 } }),
      3,
      /usage/,
    ],
  ];
  for (const [reply, tries, message, hint] of wrong) {
    await using stub = stubEndpoint(reply);
    await refuses(endpointWriter("stub", options(stub.url)).write(request), message, hint);
    assert.equal(stub.asked.length, tries, String(message));
  }
});

Deno.test("a request that would fail again is not repeated, and says what to change", async () => {
  const quota = () =>
    Response.json({ error: { message: "no money left", code: "insufficient_quota" } }, { status: 429 });
  const wrong: readonly (readonly [reply: () => Response, message: RegExp, hint: RegExp])[] = [
    [
      () => failure(400, "temperature is too high"),
      /error: 400 temperature is too high$/,
      /^change the settings: model\.format/,
    ],
    [() => failure(404, "no"), /error: 404 no$/, /^check the address: .*\/v1$/],
    [() => failure(401, "no"), /refuses the key \(status 401\)$/, /OPENAI_API_KEY/],
    [() => failure(501, "POST?"), /error: 501 POST\?$/, /^check the address/],
    [quota, /error: 429 no money left$/, /what was answered is kept/],
    [() => later("3600"), /error: 429 busy, and wants 3600 s to pass$/, /endpoint\.seconds/],
    [
      () => new Response(null, { status: 308, headers: { location: "https://example.org/v1" } }),
      /redirects to https:\/\/example\.org\/v1 \(status 308\)$/,
      /give the address/,
    ],
  ];
  for (const [reply, message, hint] of wrong) {
    await using stub = stubEndpoint(reply);
    await refuses(endpointWriter("stub", options(stub.url)).write(request), message, hint);
    assert.equal(stub.asked.length, 1, String(message));
  }
});

Deno.test("an address that can never answer is named at once", async () => {
  await using stub = stubEndpoint(() => "Answer: 7");
  const wrong: readonly (readonly [url: string, message: RegExp])[] = [
    ["http://127.0.0.1:9/v1", /127\.0\.0\.1:9\/v1 cannot be reached: .*blocked/],
    [stub.url.replace("http:", "https:"), /cannot be reached: /],
  ];
  for (const [url, message] of wrong) {
    const began = performance.now();
    await refuses(
      endpointWriter("stub", options(url, { pauseMs: 60_000 })).write(request),
      message,
      /^check the address/,
    );
    await refuses(endpointModels(options(url, { pauseMs: 60_000 })), message);
    assert.ok(performance.now() - began < 50_000);
  }
});

Deno.test("an endpoint that is down or slow is named, and a wait for it can be stopped", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr;
  closed.close();
  await refuses(
    endpointWriter("stub", options(`http://127.0.0.1:${port}/v1`)).write(request),
    new RegExp(`127\\.0\\.0\\.1:${port}/v1 cannot be reached, tried 3 times: `),
  );
  const released = Promise.withResolvers<string>();
  await using stub = stubEndpoint(() => released.promise);
  await refuses(
    endpointWriter("stub", options(stub.url, { seconds: 0.05, retries: 0 })).write(request),
    /did not answer within 0\.05 s, tried once/,
    /endpoint\.seconds/,
  );
  for (const url of [stub.url, `http://127.0.0.1:${port}/v1`]) {
    const stop = new AbortController();
    const stopped = endpointWriter("stub", options(url, { pauseMs: 60_000 })).write(request, stop.signal);
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 50);
    await assert.rejects(stopped, (error) => error === reason);
  }
  released.resolve("");
});

Deno.test("a reply that trickles in counts as slow", async () => {
  await using stub = stubEndpoint(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(" "));
          setTimeout(() => controller.close(), 1000);
        },
      }),
    )
  );
  await refuses(
    endpointWriter("stub", options(stub.url, { seconds: 0.1, retries: 0 })).write(request),
    /did not answer within 0\.1 s, tried once/,
  );
});

Deno.test("a model that was still thinking at the limit has no text yet, which is no fault", async () => {
  await using stub = stubEndpoint(() => chat({ role: "assistant", content: null }, "length"));
  const reply = await endpointWriter("stub", options(stub.url)).write(request);
  assert.deepEqual(reply, { text: "", input: 1, output: 1, finish: "length" });
});

Deno.test("a key that no request can hold is named; blanks around it are left out", async () => {
  await using stub = stubEndpoint(() => "Answer: 7");
  for (const apiKey of ["two words", "schlüssel", "a\nb"]) {
    assert.throws(
      () => endpointWriter("stub", options(stub.url, { apiKey })),
      (error) => error instanceof UserError && error.code === "refine.key" && !error.message.includes(apiKey),
    );
  }
  await endpointWriter("stub", options(stub.url, { apiKey: "secret\n" })).write(request);
  assert.equal(stub.asked[0]!.key, "Bearer secret");
});

Deno.test("`fetchWhole()` reads replies up to its limit, also those without a body", async () => {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    return pathname === "/none"
      ? new Response(null, { status: 204 })
      : new Response("x".repeat(Number(pathname.slice(1))));
  });
  const at = (path: string) => `http://127.0.0.1:${server.addr.port}/${path}`;
  assert.equal((await fetchWhole(at("none"))).status, 204);
  assert.equal((await (await fetchWhole(at("1048576"), {}, 1 << 20)).text()).length, 1 << 20);
  await assert.rejects(fetchWhole(at("1048577"), {}, 1 << 20), UnusableReply);
});
