// The engine: what it generates, whatever happens beside it, and what it refuses.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createEngine } from "../../../lib/infer/engine/engine.ts";
import type { EngineOptions } from "../../../lib/infer/engine/options.ts";
import type { GeneratedToken, Generation, GenerationRequest, InferenceEngine } from "../../../lib/infer/types.ts";
import { UserError } from "../../../lib/errors.ts";
import { decoder, type LanguageModel } from "../../../lib/model/language-model.ts";
import { toDevice } from "../../../lib/model/weights.ts";
import { btmEnsemble } from "../../../lib/merge/ensemble/btm.ts";
import { openDevice } from "../../../lib/tensor/device.ts";
import { bigWeights, TINY } from "../../tiny.ts";

const CONFIG = { ...TINY, contextLength: 48 };
const END = 39;
/** Each token is a letter. */
const TOKENIZER = {
  endOfText: END,
  decode: (ids: readonly number[]) => String.fromCharCode(...ids.filter((id) => id !== END).map((id) => 97 + id)),
};

/** Runs `body` with a model on the CPU; what it leaves on the device is an error. */
async function withModel(make: () => LanguageModel, body: (model: LanguageModel) => Promise<void>): Promise<void> {
  await using _device = await openDevice("cpu", { threads: 2 });
  const model = make();
  const before = tf.memory().numTensors;
  await body(model);
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
}

const tiny = (seed = 1) => () => decoder(CONFIG, toDevice(bigWeights(CONFIG, seed)));
const ensemble = () => btmEnsemble([1, 2].map((seed) => tiny(seed)()));

type Written = Generation & { readonly tokens: readonly GeneratedToken[] };

async function write(engine: InferenceEngine, request: Partial<GenerationRequest>): Promise<Written> {
  const tokens: GeneratedToken[] = [];
  const generation = engine.generate({ prompt: [1, 2, 3], maxTokens: 6, sampling: { temperature: 0 }, ...request });
  while (true) {
    const { done, value } = await generation.next();
    if (done) return { ...value, tokens };
    tokens.push(value);
  }
}

const ids = ({ tokens }: Written) => tokens.map(({ id }) => id);

/** Greedy tokens by whole passes, each over all tokens so far. */
function byWholePasses(model: LanguageModel, prompt: readonly number[], count: number): number[] {
  const all = [...prompt];
  for (let i = 0; i < count; i++) {
    const next = tf.tidy(() =>
      tf.argMax(model.logits(tf.tensor2d([all], undefined, "int32"), undefined, { last: true }), -1).dataSync()[0]!
    );
    all.push(next);
  }
  return all.slice(prompt.length);
}

const PROMPTS = [[1, 2, 3], [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17], [30], [
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  12,
  13,
  20,
  21,
]];

for (const [name, make] of [["a decoder", tiny()], ["an ensemble", ensemble]] as const) {
  Deno.test(`\`createEngine()\` writes what whole passes give, for texts that join and leave, with ${name}`, () =>
    withModel(make, async (model) => {
      const settings: EngineOptions[] = [{}, { batch: 2, chunk: 4 }, { batch: 1, prefixBytes: 0 }, { stateBytes: 1 }];
      for (const options of settings) {
        await using engine = createEngine(model, TOKENIZER, [], options);
        const requests = [...PROMPTS, ...PROMPTS].map((prompt, i) => ({ prompt, maxTokens: 3 + i }));
        const written = await Promise.all(requests.map((request) => write(engine, request)));
        written.forEach((one, i) => {
          const { prompt, maxTokens } = requests[i]!;
          const wanted = byWholePasses(model, prompt, maxTokens);
          const end = wanted.indexOf(END) + 1;
          assert.deepEqual(ids(one), end > 0 ? wanted.slice(0, end) : wanted, `${JSON.stringify(options)}, text ${i}`);
          assert.equal(one.finish, end > 0 ? "stop" : "length");
          assert.equal(one.promptTokens, prompt.length);
        });
        assert.deepEqual(engine.load, { running: 0, waiting: 0 });
      }
    }));
}

Deno.test("`createEngine()` reads short prompts of different lengths together, and not much padding", () =>
  withModel(tiny(), async (model) => {
    const passes: (readonly number[])[] = [];
    const counted: LanguageModel = {
      ...model,
      logits: (ids, states, options) => {
        passes.push([...ids.shape, ...options?.lengths ?? []]);
        return model.logits(ids, states, options);
      },
    };
    await using engine = createEngine(counted, TOKENIZER);
    const prompts = [3, 1, 7, 5, 44].map((length, i) => Array.from({ length }, (_, t) => (5 * i + 3 * t) % END));
    const texts = await Promise.all(prompts.map((prompt) => write(engine, { prompt, maxTokens: 2 })));
    texts.forEach((text, i) => assert.deepEqual(ids(text), byWholePasses(model, prompts[i]!, 2)));
    assert.deepEqual(passes, [[4, 7, 1, 3, 5, 7], [1, 44], [5, 1]]);
  }));

Deno.test("`createEngine()` reads a prompt once for several texts, and goes on from earlier ones", () =>
  withModel(tiny(), async (model) => {
    await using engine = createEngine(model, TOKENIZER);
    const prompt = PROMPTS[1]!;
    const together = await Promise.all([1, 2, 3].map((seed) => write(engine, { prompt, sampling: { seed } })));
    assert.deepEqual(together.map(({ cachedTokens }) => cachedTokens), [0, prompt.length - 1, prompt.length - 1]);
    const longer = [...prompt, ...ids(together[0]!).slice(0, 3), 4];
    const next = await write(engine, { prompt: longer });
    assert.equal(next.cachedTokens, longer.length - 1);
    assert.deepEqual(ids(next), byWholePasses(model, longer, 6));
    assert.deepEqual(await write(engine, { prompt, sampling: { seed: 2 } }), { ...together[1]!, cachedTokens: 12 });
  }));

Deno.test("`createEngine()` reuses a whole prompt only where a state cannot go back", () =>
  withModel(ensemble, async (model) => {
    await using engine = createEngine(model, TOKENIZER);
    const prompt = PROMPTS[1]!;
    const first = await write(engine, { prompt });
    const again = await write(engine, { prompt });
    assert.deepEqual([first.cachedTokens, again.cachedTokens], [0, prompt.length]);
    assert.deepEqual(ids(again), ids(first));
    assert.equal((await write(engine, { prompt: [...prompt, 1] })).cachedTokens, 0);
  }));

Deno.test("`createEngine()` scores prompts and tokens as the log-softmax does, from the cache, too", () =>
  withModel(tiny(), async (model) => {
    await using engine = createEngine(model, TOKENIZER, [], { chunk: 5 });
    for (const prompt of [PROMPTS[1]!, PROMPTS[1]!, PROMPTS[3]!]) {
      const { prompt: scores, tokens } = await write(engine, { prompt, maxTokens: 1, logprobs: 2, scorePrompt: true });
      const wanted = tf.tidy(() =>
        tf.logSoftmax(model.logits(tf.tensor2d([prompt], undefined, "int32"))).arraySync() as number[][][]
      )[0]!;
      assert.deepEqual(scores!.map(({ id }) => id), prompt);
      assert.equal(scores![0]!.logprob, null);
      [...scores!.slice(1), tokens[0]!].forEach((score, t) => {
        const row = wanted[t]!;
        assert.ok(Math.abs(score.logprob! - row[score.id]!) < 1e-5);
        assert.equal(score.top.length, 2);
        assert.equal(row[score.top[0]!.id], Math.max(...row));
      });
    }
    const alone = await write(engine, { prompt: PROMPTS[3]!, maxTokens: 0, scorePrompt: true });
    assert.deepEqual([alone.tokens.length, alone.prompt!.length, alone.finish], [0, 11, "length"]);
    assert.equal((await write(engine, {})).tokens[0]!.logprob, null); // none were asked for
  }));

Deno.test("`createEngine()` ends a text at an id, at a text, and where the context is full", () =>
  withModel(tiny(), async (model) => {
    const [first, second, third] = byWholePasses(model, [1, 2, 3], 3) as [number, number, number];
    await using engine = createEngine(model, TOKENIZER, [second]);
    const ended = await write(engine, {});
    assert.deepEqual([ids(ended), ended.finish], [[first, second], "stop"]);
    assert.equal(ended.tokens.map(({ text }) => text).join("") + ended.text, TOKENIZER.decode([first]));
    await using other = createEngine(model, TOKENIZER);
    const stopped = await write(other, { stop: [TOKENIZER.decode([second, third])] });
    assert.equal(stopped.finish, "stop");
    assert.equal(stopped.tokens.map(({ text }) => text).join("") + stopped.text, TOKENIZER.decode([first]));
    const full = await write(other, { prompt: Array<number>(46).fill(3), maxTokens: 100 });
    assert.ok(full.tokens.length <= 2);
    assert.equal(full.finish, full.tokens.at(-1)!.id === END ? "stop" : "length");
  }));

Deno.test("`createEngine()` frees the place of a text that is cancelled, left or waiting", () =>
  withModel(tiny(), async (model) => {
    await using engine = createEngine(model, TOKENIZER, [], { batch: 1, prefixBytes: 0 });
    const stop = new AbortController();
    const running = engine.generate({ prompt: [1], maxTokens: 40, sampling: { temperature: 0 }, signal: stop.signal });
    await running.next();
    const waiting = write(engine, { signal: stop.signal });
    const last = write(engine, {});
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(engine.load, { running: 1, waiting: 2 });
    stop.abort();
    assert.equal((await waiting).finish, "cancelled");
    assert.equal((await last).tokens.length, 6);
    const left = engine.generate({ prompt: [1], maxTokens: 40, sampling: { temperature: 0 } });
    for await (const _ of left) break;
    assert.equal((await write(engine, {})).tokens.length, 6);
    assert.equal((await write(engine, { signal: AbortSignal.abort() })).finish, "cancelled");
    const unfinished = write(engine, { maxTokens: 40 });
    await engine[Symbol.asyncDispose]();
    assert.equal((await unfinished).finish, "cancelled");
    await assert.rejects(write(engine, {}), refused("generate.closed"));
  }));

const refused = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

Deno.test("`createEngine()` refuses requests out of range", () =>
  withModel(tiny(), async (model) => {
    await using engine = createEngine(model, TOKENIZER);
    const wrong: readonly (readonly [string, Partial<GenerationRequest>])[] = [
      ["generate.length", { prompt: [] }],
      ["generate.length", { prompt: Array<number>(48).fill(1) }],
      ["generate.ids", { prompt: [1, 40] }],
      ["generate.ids", { prompt: [1.5] }],
      ["generate.tokens", { maxTokens: -1 }],
      ["generate.tokens", { maxTokens: 0.5 }],
      ["generate.sampling", { sampling: { temperature: -1 } }],
      ["generate.sampling", { logprobs: -1 }],
      ["generate.stop", { stop: [""] }],
    ];
    for (const [code, request] of wrong) await assert.rejects(write(engine, request), refused(code), code);
    assert.equal((await write(engine, { prompt: Array<number>(48).fill(1), maxTokens: 0 })).finish, "length");
  }));
