// Models behind an endpoint: what is asked and counted, and endpoints that are down, slow, refuse, or talk nonsense.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { endpointModel, type EndpointOptions, endpointWriter, type WriteRequest } from "../../lib/refine/mod.ts";
import { failure, stubEndpoint } from "./stub-endpoint.ts";

const request: WriteRequest = {
  prompt: { kind: "message", text: "What is 3 plus 4?" },
  maxTokens: 5,
  temperature: 0,
  topP: 1,
  stop: [],
  seed: 4_000_000_001,
};

const options = (url: string, changes: Partial<EndpointOptions> = {}): EndpointOptions => ({
  url,
  seconds: 5,
  retries: 2,
  contextLength: 1000,
  pauseMs: 1,
  ...changes,
});

Deno.test("a message and a text are asked for, with the tokens that the endpoint counts", async () => {
  await using stub = stubEndpoint(() => "it is Answer: 7 of course, Answer: 7");
  const writer = endpointWriter("stub", options(stub.url, { apiKey: "secret" }));
  assert.deepEqual(await writer.write(request), {
    text: "it is Answer: 7 of",
    input: 5,
    output: 5,
    finish: "length",
  });
  assert.equal(
    (await writer.write({ ...request, prompt: { kind: "text", text: "3 + 4 =" }, maxTokens: 99 })).finish,
    "stop",
  );
  assert.deepEqual(stub.asked.map(({ path, model, maxTokens, key }) => [path, model, maxTokens, key]), [
    ["/v1/chat/completions", "stub", 5, "Bearer secret"],
    ["/v1/completions", "stub", 99, "Bearer secret"],
  ]);
  assert.ok(stub.asked.every(({ seed }) => seed >= 0 && seed < 2 ** 31));
});

Deno.test("errors of the server and replies that cannot be read are asked for again", async () => {
  const faults = [
    failure(500),
    failure(429),
    new Response("<html>", { headers: { "content-type": "text/html" } }),
    new Response("{", { headers: { "content-type": "application/json" } }),
    Response.json({ choices: [] }),
  ];
  for (const fault of faults) {
    let first = true;
    await using stub = stubEndpoint(() => {
      if (!first) return "Answer: 7";
      first = false;
      return fault;
    });
    assert.equal((await endpointWriter("stub", options(stub.url)).write(request)).text, "Answer: 7");
    assert.equal(stub.asked.length, 2);
  }
});

Deno.test("what stays wrong is named, with how often it was tried", async () => {
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  const wrong: readonly (readonly [reply: () => Response, tries: number, message: RegExp])[] = [
    [() => failure(503), 3, /answers with an error: 503 overloaded, tried 3 times/],
    [() => failure(400, "temperature is too high"), 1, /answers with an error: 400 temperature is too high$/],
    [() => failure(401, "no"), 1, /refuses the key \(status 401\)/],
    [() => new Response("nonsense"), 3, /answers that cannot be read, tried 3 times/],
    [() => Response.json({ choices: [{ message: { content: "7" } }] }), 3, /tried 3 times: usage: /],
    [() => Response.json({ choices: [{ message: { content: 7 } }], usage }), 3, /choices\.0\.message\.content: /],
    [
      () => Response.json({ choices: [{ message: { content: "7" } }], usage: { ...usage, prompt_tokens: -1 } }),
      3,
      /usage/,
    ],
  ];
  for (const [reply, tries, message] of wrong) {
    await using stub = stubEndpoint(reply);
    await assert.rejects(
      endpointWriter("stub", options(stub.url)).write(request),
      (error) => error instanceof UserError && error.code === "refine.endpoint" && message.test(error.message),
      String(message),
    );
    assert.equal(stub.asked.length, tries, String(message));
  }
});

Deno.test("a request that would fail again says what to change, not to try again", async () => {
  for (
    const [status, hint] of [[400, /^change the settings: model\.format/], [
      404,
      /^check the address: .*\/v1$/,
    ]] as const
  ) {
    await using stub = stubEndpoint(() => failure(status, "no"));
    await assert.rejects(
      endpointWriter("stub", options(stub.url)).write(request),
      (error) => error instanceof UserError && hint.test(error.hint ?? ""),
      String(status),
    );
  }
});

Deno.test("an endpoint that is down or slow is named, and a wait for it can be stopped", async () => {
  const down = endpointWriter("stub", options("http://127.0.0.1:9/v1", { retries: 0 }));
  await assert.rejects(
    down.write(request),
    (error) => error instanceof UserError && /127\.0\.0\.1:9\/v1 cannot be reached, tried once: /.test(error.message),
  );
  const stop = new AbortController();
  await using stub = stubEndpoint(async () => {
    await new Promise((resolve) => setTimeout(resolve, 400));
    return "Answer: 7";
  });
  const slow = endpointWriter("stub", options(stub.url, { seconds: 0.05, retries: 0 }));
  await assert.rejects(
    slow.write(request),
    (error) => error instanceof UserError && /did not answer within 0\.05 s, tried once/.test(error.message),
  );
  const stopped = endpointWriter("stub", options(stub.url)).write(request, stop.signal);
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(stopped, (error) => error === reason);
});

Deno.test("the model's name: the only one, the given one, or a list of what there is", async () => {
  const silent = () => "";
  await using one = stubEndpoint(silent);
  assert.equal(await endpointModel("", options(one.url)), "stub");
  await using two = stubEndpoint(silent, ["small", "large"]);
  assert.equal(await endpointModel("large", options(two.url)), "large");
  for (const [name, message] of [["", /it has small, large/], ["largo", /no model "largo"/]] as const) {
    await assert.rejects(
      endpointModel(name, options(two.url)),
      (error) => error instanceof UserError && error.code === "refine.endpoint-model" && message.test(error.message),
    );
  }
});

Deno.test("a prompt is taken to be no shorter than it is, and the end of a text is whole characters", () => {
  const writer = endpointWriter("stub", options("http://127.0.0.1:9/v1"));
  const text = "12 + 34 = 46, so the answer is 46.";
  assert.ok(writer.promptTokens({ kind: "message", text }) >= text.length / 2);
  assert.equal(writer.tail("abcdef", 2), "cdef");
  assert.equal(writer.tail("éàü", 2), "àü");
  assert.equal(writer.tail("aéà", 1), "à");
});
