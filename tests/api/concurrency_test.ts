// Many clients at a time: none is lost, none gets another's text, and those that leave free their places.
import assert from "node:assert/strict";
import { serveTiny } from "./server.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a condition holds, for at most 10 s. */
async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 10_000; !condition();) {
    assert.ok(performance.now() < end, what);
    await wait(5);
  }
}

Deno.test("64 clients at a time, half of them streaming, get the texts that they get alone", async () => {
  await using server = await serveTiny({ running: 4 });
  const letters = ["a", "b", "c", "d"];
  const body = (letter: string) => ({
    model: "tiny",
    prompt: letter,
    max_tokens: 3,
    temperature: 1.5,
    seed: letter.codePointAt(0),
  });
  const alone = new Map<string, string>();
  for (const letter of letters) {
    const response = await server.post("/v1/completions", body(letter));
    alone.set(letter, (await response.json()).choices[0].text);
  }
  assert.equal(new Set(alone.values()).size, letters.length, "texts that are equal prove nothing");
  await Promise.all(Array.from({ length: 64 }, async (_, i) => {
    const letter = letters[i % letters.length]!;
    const stream = i % 8 < 4;
    const response = await server.post("/v1/completions", { ...body(letter), stream });
    const text = await response.text();
    assert.equal(response.status, 200);
    const got = stream
      ? [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data!).choices[0].text).join("")
      : JSON.parse(text).choices[0].text;
    assert.equal(got, alone.get(letter), `client ${i}`);
  }));
  assert.deepEqual(server.models.served.engine.load, { running: 0, waiting: 0 });
});

Deno.test("a client that leaves frees its place, before the first token, between tokens, and while it waits", async () => {
  await using server = await serveTiny({ running: 1 });
  const { engine } = server.models.served;
  const long = {
    model: "tiny",
    prompt: "x",
    max_tokens: 2000,
    temperature: 1,
    seed: 1,
    logit_bias: { 0: -100, 2: -100 },
  };
  const start = (stream: boolean) => {
    const left = new AbortController();
    const answer = fetch(`${server.url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...long, stream }),
      signal: left.signal,
    });
    return { answer, leave: () => left.abort() };
  };
  for (const stream of [false, true]) {
    const first = start(stream);
    await until(() => engine.load.running === 1, "it runs");
    const second = start(stream);
    await until(() => engine.load.waiting === 1, "it waits");
    second.leave();
    await assert.rejects(second.answer);
    await until(() => engine.load.waiting === 0, "the waiting place is free");
    if (stream) await (await first.answer).body!.getReader().read();
    first.leave();
    await first.answer.then((response) => response.body?.cancel(), () => {}).catch(() => {});
    await until(() => engine.load.running === 0, "the place is free");
  }
});

Deno.test("a full queue answers 429 with the time after which to try again, and has room again afterwards", async () => {
  await using server = await serveTiny({ running: 1, places: 3 });
  const body = (texts: number, max_tokens = 1) => ({ model: "tiny", prompt: Array(texts).fill("x"), max_tokens });
  const first = server.post("/v1/completions", { ...body(2, 1000), logit_bias: { 0: -100, 2: -100 } });
  await until(() => server.models.served.engine.load.running === 1, "it runs");
  const full = await server.post("/v1/completions", body(2));
  assert.equal(full.status, 429);
  assert.match(full.headers.get("retry-after")!, /^\d+$/);
  const { error } = await full.json();
  assert.deepEqual([error.type, error.code], ["rate_limit_error", "rate_limit_exceeded"]);
  const small = server.post("/v1/completions", body(1));
  for (const response of await Promise.all([first, small])) {
    assert.equal(response.status, 200);
    await response.body?.cancel();
  }
  const again = await server.post("/v1/completions", body(3));
  assert.equal(again.status, 200);
  await again.body?.cancel();
  const never = await server.post("/v1/completions", body(4));
  assert.equal(never.status, 400);
  await never.body?.cancel();
});
