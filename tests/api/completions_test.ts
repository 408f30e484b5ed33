// Texts continued and scored over HTTP, against the model's own logits.
import assert from "node:assert/strict";
import { completionSchema } from "../../lib/api/completions.ts";
import { allLogits, END, START, TOKENIZER } from "./tiny-models.ts";
import { events, serveTiny, type TestServer } from "./server.ts";

const OPENING = TOKENIZER.endOfText;

async function complete(server: TestServer, body: object) {
  const response = await server.post("/v1/completions", { model: "tiny", temperature: 0, ...body });
  const json = await response.json();
  assert.equal(response.status, 200, JSON.stringify(json));
  return completionSchema.parse(json);
}

/** ln softmax, in float64. */
function logSoftmax(logits: Float32Array): number[] {
  const total = Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0));
  return Array.from(logits, (value) => value - total);
}

Deno.test("prompts are scored as lm-evaluation-harness reads scores", async () => {
  await using server = await serveTiny();
  const { model } = server.models;
  const prompts = [[OPENING, ...TOKENIZER.encode("né →")], [START, 50, 60]];
  const asked = { prompt: prompts, max_tokens: 1, logprobs: 1, echo: true, seed: 1234 };
  const { choices } = await complete(server, asked);
  assert.deepEqual(choices.map(({ index }) => index), [0, 1]);
  for (const { index, logprobs } of choices) {
    const prompt = prompts[index]!;
    const expected = allLogits(model, prompt).map(logSoftmax);
    assert.equal(logprobs!.token_logprobs.length, prompt.length + 1);
    assert.equal(logprobs!.token_logprobs[0], null);
    assert.equal(logprobs!.top_logprobs[0], null);
    assert.equal(logprobs!.tokens.length, prompt.length + 1);
    for (let i = 1; i <= prompt.length; i++) {
      const best = Math.max(...expected[i - 1]!);
      const id = prompt[i] ?? expected[i - 1]!.indexOf(best);
      const logprob = logprobs!.token_logprobs[i]!;
      assert.ok(Math.abs(logprob - expected[i - 1]![id]!) < 1e-5, `token ${i}`);
      const top = Object.values(logprobs!.top_logprobs[i]!);
      assert.ok(Math.abs(Math.max(...top) - best) < 1e-5);
      // Greedy is whether the numbers are equal.
      assert.equal(logprob === Math.max(...top), expected[i - 1]![id] === best);
      assert.ok(top.includes(logprob), "the token itself is among them");
    }
  }
  // Parts of a character have names of their own.
  assert.deepEqual(choices[0]!.logprobs!.tokens.slice(0, 4), ["<|endoftext|>", "n", "bytes:\\xc3", "bytes:\\xa9"]);
  assert.deepEqual(choices[0]!.logprobs!.text_offset.slice(0, 4), [0, "<|endoftext|>".length, 14, 14]);
  assert.ok(choices[0]!.text.startsWith("<|endoftext|>né →"));

  // The greedy continuation scores as greedy, and max_tokens: 0 scores the prompt alone.
  const { text } = (await complete(server, { prompt: [START], max_tokens: 3 })).choices[0]!;
  const { choices: [scored], usage } = await complete(server, {
    prompt: [[START, ...idsOf(allLogits, model, 3)]],
    max_tokens: 0,
    logprobs: 1,
    echo: true,
  });
  assert.equal(scored!.logprobs!.token_logprobs.length, 4);
  for (let i = 1; i < 4; i++) {
    assert.equal(scored!.logprobs!.token_logprobs[i], Math.max(...Object.values(scored!.logprobs!.top_logprobs[i]!)));
  }
  assert.equal(scored!.text, `<|im_start|>${text}`);
  assert.deepEqual([usage!.prompt_tokens, usage!.completion_tokens], [4, 0]);
});

/** The most likely continuation of START. */
function idsOf(logitsOf: typeof allLogits, model: Parameters<typeof allLogits>[0], count: number): number[] {
  const ids = [START];
  for (let i = 0; i < count; i++) {
    const last = logitsOf(model, ids).at(-1)!;
    ids.push(last.indexOf(Math.max(...last)));
  }
  return ids.slice(1);
}

Deno.test("a prompt may be a text, texts, ids, or lists of ids, and each text has its index", async () => {
  await using server = await serveTiny();
  const ids = (text: string) => [OPENING, ...TOKENIZER.encode(text)];
  const textOf = async (prompt: unknown, more: object = {}) =>
    (await complete(server, { prompt, max_tokens: 2, ...more })).choices.map(({ text }) => text);
  const [one] = await textOf("one");
  const [two] = await textOf("two!");
  assert.notEqual(one, two);
  assert.deepEqual(await textOf(["one", "two!"]), [one, two]);
  assert.deepEqual(await textOf(ids("one")), [one]);
  assert.deepEqual(await textOf([ids("two!"), ids("one")]), [two, one]);
  assert.deepEqual(await textOf(["one", "two!"], { n: 2 }), [one, one, two, two]);
  assert.deepEqual(await textOf("one", { echo: true }), [`one${one}`]);
});

Deno.test("a seed decides the text, and the choices of a prompt differ", async () => {
  await using server = await serveTiny();
  const draw = async (seed: number | undefined, n = 1) => {
    const asked = { prompt: "x", max_tokens: 4, temperature: 1.5, n, ...(seed === undefined ? {} : { seed }) };
    return (await complete(server, asked)).choices.map(({ text }) => text);
  };
  const three = await draw(7, 3);
  assert.deepEqual(await draw(7, 3), three);
  assert.equal(new Set(three).size, 3);
  assert.equal((await draw(7))[0], three[0]);
  assert.notDeepEqual(await draw(undefined, 3), await draw(undefined, 3));
});

Deno.test("stop texts end the text across tokens' borders, and tokens that end it have a place but no text", async () => {
  await using server = await serveTiny();
  // The logit bias makes the model say a fixed byte.
  const byte = (text: string) => String(TOKENIZER.encode(text)[0]!);
  const asked = { prompt: "x", max_tokens: 6, logit_bias: { [byte("a")]: 100 } };
  const whole = await complete(server, { ...asked, stop: null });
  assert.deepEqual([whole.choices[0]!.text, whole.choices[0]!.finish_reason], ["aaaaaa", "length"]);
  const cut = await complete(server, { ...asked, stop: ["aaa", "zz"] });
  assert.deepEqual([cut.choices[0]!.text, cut.choices[0]!.finish_reason], ["", "stop"]);
  const short = await complete(server, { ...asked, prompt: "y", stop: "b" });
  assert.equal(short.choices[0]!.text, "aaaaaa");
  const ended = await complete(server, { prompt: "x", max_tokens: 6, logprobs: 0, logit_bias: { [END]: 100 } });
  assert.deepEqual([ended.choices[0]!.text, ended.choices[0]!.finish_reason], ["", "stop"]);
  assert.deepEqual(ended.choices[0]!.logprobs!.tokens, ["<|im_end|>"]);
  assert.equal(ended.usage!.completion_tokens, 1);
});

Deno.test("events of a stream join to the whole text, with its log-probabilities and its numbers of tokens", async () => {
  await using server = await serveTiny();
  const asked = { prompt: ["é", "b"], max_tokens: 4, temperature: 1, seed: 5, logprobs: 2 };
  const whole = await complete(server, asked);
  const response = await server.post("/v1/completions", {
    model: "tiny",
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
  const all = await events(response);
  assert.equal(all.at(-1), "[DONE]");
  const chunks = all.slice(0, -1).map((data) => completionSchema.parse(JSON.parse(data)));
  const last = chunks.pop()!;
  assert.deepEqual(last.choices, []);
  assert.equal(last.usage!.total_tokens, whole.usage!.total_tokens);
  assert.ok(chunks.every(({ usage, choices }) => usage === null && choices.length === 1));
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  for (const choice of whole.choices) {
    const mine = chunks.flatMap(({ choices }) => choices).filter(({ index }) => index === choice.index);
    assert.equal(mine.map(({ text }) => text).join(""), choice.text);
    assert.deepEqual(mine.flatMap(({ logprobs }) => logprobs?.tokens ?? []), choice.logprobs!.tokens);
    assert.deepEqual(mine.flatMap(({ logprobs }) => logprobs?.text_offset ?? []), choice.logprobs!.text_offset);
    assert.deepEqual(mine.map(({ finish_reason }) => finish_reason).filter((reason) => reason !== null), ["length"]);
  }
});
