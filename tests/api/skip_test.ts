// `skip` in completions and chats: what is told about experts that rested, in streams too, and what is refused.
import assert from "node:assert/strict";
import { withStitchedApi } from "./stitched-api.ts";

/** The API of a stitched model, `run/bts`, and of one without experts, `run/seed`. */
const withApi = (body: (post: (path: string, body: object) => Promise<Response>) => Promise<void>) =>
  withStitchedApi("a-run", (app) =>
    body(async (path, body) =>
      await app.request(`http://127.0.0.1/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", host: "127.0.0.1" },
        body: JSON.stringify(body),
      })
    ));

// deno-lint-ignore no-explicit-any -- bodies of answers
type Any = any;

const REQUEST = { model: "run/bts", temperature: 0, max_tokens: 8, seed: 1 };
const COMPLETION = ["completions", { ...REQUEST, prompt: "hello" }] as const;
const CHAT = ["chat/completions", { ...REQUEST, messages: [{ role: "user", content: "hi" }] }] as const;

Deno.test("`skip` tells the tokens that each expert has read, at once and in streams", () =>
  withApi(async (post) => {
    for (const [path, request] of [COMPLETION, CHAT]) {
      const asked = { ...request, skip: { below: 1, every: 0 } };
      const { choices: [{ skipped }], usage }: Any = await (await post(path, asked)).json();
      assert.equal(skipped.tokens, usage.total_tokens - 1);
      const experts = ["expert:code", "expert:math"].map((name) => ({ name, tokens: usage.prompt_tokens }));
      assert.deepEqual(skipped.experts, experts, path);
      const text = await (await post(path, { ...asked, stream: true })).text();
      const events = text.split("\n\n").filter((line) => line.startsWith("data: {"))
        .map((line): Any => JSON.parse(line.slice("data: ".length)));
      assert.deepEqual(events.flatMap(({ choices: [choice] }) => choice.skipped ?? []), [skipped], path);
    }
  }));

Deno.test("a threshold of 0 changes nothing of an answer", () =>
  withApi(async (post) => {
    for (const [path, request] of [COMPLETION, CHAT]) {
      const [plain, zero] = await Promise.all(
        [request, { ...request, skip: { below: 0 } }].map(async (one) => (await (await post(path, one)).json()) as Any),
      );
      assert.deepEqual(zero!.choices, plain!.choices, path);
    }
  }));

Deno.test("`skip` is refused of models without experts, and out of range", () =>
  withApi(async (post) => {
    const wrong: readonly (readonly [body: object, param: string])[] = [
      [{ model: "run/seed", skip: { below: 0.1 } }, "skip"],
      [{ skip: { below: 2 } }, "skip.below"],
      [{ skip: { below: 0.2, above: 0.1 } }, "skip"],
      [{ skip: { below: 0.2, every: -1 } }, "skip.every"],
      [{ skip: { every: 4 } }, "skip.below"],
      [{ skip: { below: 0.1, window: 4 } }, "skip.window"],
    ];
    for (const [path, request] of [COMPLETION, CHAT]) {
      for (const [change, param] of wrong) {
        const response = await post(path, { ...request, ...change });
        const { error }: Any = await response.json();
        assert.deepEqual([response.status, error.param], [400, param], `${path}: ${error.message}`);
      }
    }
  }));
