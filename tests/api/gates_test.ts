// `gates` in completions and chats: what is told, in streams too, and that nothing changes for those who do not ask.
import assert from "node:assert/strict";
import { NAMES, withStitchedApi } from "./stitched-api.ts";

/** The API of a stitched model, `run/bts`, and of one without gates, `run/seed`. */
const withApi = (body: (post: (path: string, body: object) => Promise<Response>) => Promise<void>) =>
  withStitchedApi("a-run", (app) =>
    body(async (path, body) =>
      await app.request(`http://127.0.0.1${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", host: "127.0.0.1" },
        body: JSON.stringify(body),
      })
    ));

interface Told {
  readonly models?: unknown;
  readonly places?: readonly { readonly models: readonly number[]; readonly shares: boolean }[];
  readonly tokens: readonly { readonly text: string; readonly gates: number[][] | null }[];
}
// deno-lint-ignore no-explicit-any -- bodies of answers
type Any = any;

const events = async (response: Response): Promise<Any[]> =>
  (await response.text()).split("\n\n").filter((line) => line.startsWith("data: {")).map((line) =>
    JSON.parse(line.slice("data: ".length))
  );

const REQUEST = { model: "run/bts", temperature: 0, max_tokens: 5, gates: true };
const CHAT = { ...REQUEST, messages: [{ role: "user", content: "hi" }] };

Deno.test("`gates: true` tells models, places and the gates of each token, at once and in streams", () =>
  withApi(async (post) => {
    for (
      const [path, request] of [["completions", { ...REQUEST, prompt: "hello" }], ["chat/completions", CHAT]] as const
    ) {
      const whole: Any = await (await post(`/v1/${path}`, request)).json();
      const [{ gates, text, message, finish_reason: _, ...choice }] = whole.choices;
      const told: Told = gates;
      assert.deepEqual(told.models, NAMES, path);
      assert.deepEqual(told.places!.map(({ models, shares }) => [models, shares]), [[[1, 2], false], [
        [0, 1, 2],
        true,
      ]]);
      assert.equal(told.tokens.length, whole.usage.completion_tokens);
      assert.equal(told.tokens.map(({ text }) => text).join(""), text ?? message.content);
      for (const { gates } of told.tokens) {
        const [first, last] = gates!;
        assert.deepEqual([first!.length, last!.length], [2, 3]);
        assert.ok(Math.abs(last!.reduce((sum, gate) => sum + gate, 0) - 1) < 2e-4);
      }
      const { gates: _1, ...rest } = request;
      const plain: Any = await (await post(`/v1/${path}`, rest)).json();
      const [{ text: plainText, message: plainMessage, finish_reason: _2, ...plainChoice }] = plain.choices;
      assert.deepEqual([plainText, plainMessage, plainChoice], [text, message, choice], "nothing else changes");

      const streamed = await events(await post(`/v1/${path}`, { ...request, stream: true }));
      const parts = streamed.map(({ choices: [choice] }) => choice.gates as Told | undefined);
      assert.deepEqual([parts[0]!.models, parts[0]!.places, parts[0]!.tokens], [told.models, told.places, []]);
      assert.ok(parts.slice(1).every((part) => part?.models === undefined));
      const tokens = parts.flatMap((part) => part?.tokens ?? []);
      assert.deepEqual(tokens.map(({ gates }) => gates), told.tokens.map(({ gates }) => gates));
    }
  }));

Deno.test("with `echo`, the gates of the prompt's tokens are told, too; the first token has none", () =>
  withApi(async (post) => {
    const request = { ...REQUEST, prompt: "hello", echo: true };
    const { choices: [{ text, gates }] }: Any = await (await post("/v1/completions", request)).json();
    const { tokens }: Told = gates;
    assert.deepEqual(tokens.slice(0, 6).map(({ text }) => text), ["", "h", "e", "l", "l", "o"]);
    assert.deepEqual(tokens.map(({ gates }) => gates === null), tokens.map((_, i) => i === 0));
    assert.equal(tokens.map(({ text }) => text).join(""), text);
    const alone: Any = await (await post("/v1/completions", { ...request, max_tokens: 0 })).json();
    assert.deepEqual(alone.choices[0].gates.tokens, tokens.slice(0, 6));
  }));

Deno.test("an expert that a request switches off has no gates, and the others share without it", () =>
  withApi(async (post) => {
    for (
      const [path, request] of [["completions", { ...REQUEST, prompt: "hello" }], ["chat/completions", CHAT]] as const
    ) {
      const answer: Any = await (await post(`/v1/${path}`, { ...request, without: ["expert:code"] })).json();
      for (const { gates } of (answer.choices[0].gates as Told).tokens) {
        const [seed, code, math] = gates!.at(-1)!;
        assert.equal(code, 0);
        assert.ok(Math.abs(seed! + math! - 1) < 2e-4);
      }
    }
  }));

Deno.test("gates are refused of models without any, in streams with the prompt's, and of a wrong type", () =>
  withApi(async (post) => {
    const wrong: readonly (readonly [body: object, param: string, code: string])[] = [
      [{ ...REQUEST, model: "run/seed", prompt: "x" }, "gates", "unsupported_parameter"],
      [{ ...REQUEST, prompt: "x", echo: true, stream: true }, "echo", "invalid_value"],
      [{ ...REQUEST, prompt: "x", gates: "yes" }, "gates", "invalid_type"],
      [{ ...REQUEST, prompt: "x", without: ["expert:law"] }, "without", "invalid_value"],
      [{ ...REQUEST, prompt: "x", without: ["seed"] }, "without", "invalid_value"],
      [
        { ...REQUEST, model: "run/seed", prompt: "x", gates: false, without: ["expert:code"] },
        "without",
        "invalid_value",
      ],
    ];
    for (const [body, param, code] of wrong) {
      const response = await post("/v1/completions", body);
      const { error }: Any = await response.json();
      assert.deepEqual([response.status, error.param, error.code], [400, param, code], error.message);
    }
    const chat = await post("/v1/chat/completions", { ...CHAT, model: "run/seed" });
    assert.equal(chat.status, 400);
    const ok = await post("/v1/completions", { ...REQUEST, model: "run/seed", prompt: "x", gates: false });
    assert.equal(ok.status, 200);
  }));
