// Models behind an endpoint: what is asked and counted, and which model it is.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { endpointModel, endpointModels, endpointWriter } from "../../lib/refine/endpoint-writer.ts";
import type { EndpointOptions } from "../../lib/refine/endpoint-request.ts";
import type { WriteRequest } from "../../lib/refine/writer.ts";
import { stubEndpoint } from "./stub-endpoint.ts";

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

Deno.test("the model's name: the only one, the given one, or a list of what there is", async () => {
  await using two = stubEndpoint(() => "", ["small", "large"]);
  const names = await endpointModels(options(two.url));
  const [small, large] = ["small", "large"].map((name) => ({ name, contextLength: undefined }));
  assert.deepEqual(names, [small, large]);
  assert.deepEqual(endpointModel("", [small!], two.url), small);
  assert.deepEqual(endpointModel("large", names, two.url), large);
  assert.deepEqual(endpointModel("any", undefined, two.url), { name: "any", contextLength: undefined });
  const wrong = [["", names, /it has small, large/], ["largo", names, /no model "largo"/], [
    "",
    undefined,
    /not list/,
  ]] as const;
  for (const [name, known, message] of wrong) {
    assert.throws(
      () => endpointModel(name, known, two.url),
      (error) => error instanceof UserError && error.code === "refine.endpoint-model" && message.test(error.message),
    );
  }
});

Deno.test("the length of a model's context, if the endpoint says it", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => Response.json({ data: [{ id: "a", max_model_len: 64 }, { id: "b", max_model_len: "many" }, { id: "c" }] }),
  );
  const models = await endpointModels(options(`http://127.0.0.1:${server.addr.port}/v1`));
  assert.deepEqual(models!.map(({ contextLength }) => contextLength), [64, undefined, undefined]);
});

Deno.test("an endpoint may not list its models", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("not here", { status: 404 }),
  );
  assert.equal(await endpointModels(options(`http://127.0.0.1:${server.addr.port}/v1`)), undefined);
});

Deno.test("a prompt is taken to be no shorter than it is, and the end of a text is whole characters", () => {
  const writer = endpointWriter("stub", options("http://127.0.0.1:9/v1"));
  const text = "12 + 34 = 46, so the answer is 46.";
  assert.ok(writer.promptTokens({ kind: "message", text }) >= text.length / 2);
  assert.equal(writer.contextLength, 937); // of 1000, because a prompt may be longer than that all the same
  assert.equal(writer.tail("abcdef", 2), "cdef");
  assert.equal(writer.tail("éàü", 4), "àü");
  assert.equal(writer.tail("aéà", 3), "à");
  assert.equal(writer.tail("é", 1), "");
  for (const text of ["ab é �� cd", "日本語 and 12"]) {
    for (const tokens of [0, 1, 2, 3, 5, 8, 100]) {
      const tail = writer.tail(text, tokens);
      assert.ok(text.endsWith(tail) && writer.textTokens(tail) <= tokens, `${text}, ${tokens}: ${tail}`);
    }
  }
});
