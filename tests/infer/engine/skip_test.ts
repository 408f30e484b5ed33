// Texts of an engine in which experts rest.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../lib/errors.ts";
import {
  createEngine,
  type GeneratedToken,
  type Generation,
  type GenerationRequest,
  type InferenceEngine,
} from "../../../lib/infer/mod.ts";
import { decoder, toDevice } from "../../../lib/model/mod.ts";
import { stitchedLanguageModel } from "../../../lib/stitch/mod.ts";
import type { StitchedState } from "../../../lib/stitch/stitched-state.ts";
import { openDevice, rowInvariant } from "../../../lib/tensor/mod.ts";
import { deviceTest } from "../../backends.ts";
import { optionalTest } from "../../optional.ts";
import { bigWeights, stitchConfig, TINY, tinyStitched } from "../../tiny.ts";

const CONFIG = { ...TINY, contextLength: 64 };
const TOKENIZER = {
  endOfText: 39,
  decode: (ids: readonly number[]) => String.fromCharCode(...ids.map((id) => 97 + id)),
};
const PROMPTS = [[5, 6, 7, 8, 9, 10, 11, 12, 13], [1, 2, 3], [30], [5, 6, 7, 8, 20, 21]];

const stitched = (count = 4) =>
  stitchedLanguageModel(
    tinyStitched({ stitch: stitchConfig({ count }), config: { ...CONFIG, layers: 4 }, experts: 3 }),
  );

interface Written extends Generation {
  readonly tokens: readonly Omit<GeneratedToken, "text">[];
}

async function write(engine: InferenceEngine, request: Partial<GenerationRequest>): Promise<Written> {
  const generation = engine.generate({
    prompt: [1, 2, 3],
    maxTokens: 30,
    sampling: { temperature: 0 },
    logprobs: 3,
    ...request,
  });
  const tokens: Omit<GeneratedToken, "text">[] = [];
  for (let step = await generation.next();; step = await generation.next()) {
    if (step.done) return { ...step.value, tokens };
    const { text: _, ...token } = step.value;
    tokens.push(token);
  }
}

deviceTest("a threshold of 0 changes no bit", async () => {
  const model = stitched();
  await using engine = createEngine(model, TOKENIZER, [], { prefixBytes: 0 });
  for (const prompt of PROMPTS) {
    const plain = await write(engine, { prompt });
    assert.deepEqual(await write(engine, { prompt, skip: { below: 0 } }), plain);
    assert.deepEqual(await write(engine, { prompt, skip: { below: 0, above: 0.3, every: 1 } }), plain);
  }
});

Deno.test("where no expert's gate is small, measuring the gates changes no bit", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  await using engine = createEngine(stitched(), TOKENIZER, [], { prefixBytes: 0 });
  for (const prompt of PROMPTS) {
    const { run, ...measured } = await write(engine, { prompt, skip: { below: 1e-9, every: 1 } });
    assert.deepEqual(measured, await write(engine, { prompt }));
    assert.deepEqual(run!.experts.map(({ tokens }) => tokens), [1, 2, 3].map(() => run!.tokens));
  }
});

Deno.test("experts rest as their gates say, in texts side by side as in each alone", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  const model = stitched(2);
  await using engine = createEngine(model, TOKENIZER, [], { chunk: 4 });
  const settings = [{ below: 0.2, above: 0.25, every: 2 }, { below: 0.3, every: 1 }, { below: 0.26, every: 0 }];
  const asked = settings.flatMap((skip) => PROMPTS.map((prompt) => ({ prompt, skip, gates: "generated" as const })));
  const together = await Promise.all(
    [...asked, ...PROMPTS.map((prompt) => ({ prompt }))].map((one) => write(engine, one)),
  );
  let rested = 0;
  for (const [i, one] of asked.entries()) {
    await using own = createEngine(model, TOKENIZER);
    const alone = await write(own, one);
    assert.deepEqual(together[i], alone, `text ${i}`);
    const { run, tokens, promptTokens, generatedTokens } = alone;
    assert.equal(run!.tokens, promptTokens + generatedTokens - 1);
    for (const { tokens } of run!.experts) {
      assert.ok(tokens >= promptTokens && tokens <= run!.tokens);
      if (tokens < run!.tokens) rested++;
    }
    const zeros = tokens.flatMap(({ gates }) => gates!.at(-1)!).filter((gate) => gate === 0).length;
    if (one.skip.every === 0) {
      const missing = run!.experts.reduce((sum, { tokens }) => sum + run!.tokens - tokens, 0);
      assert.equal(zeros, missing, "a gate of 0 for each token that an expert did not read");
    }
  }
  assert.ok(rested > 3, "experts rested");
  for (const [i, prompt] of PROMPTS.entries()) {
    await using own = createEngine(model, TOKENIZER);
    assert.deepEqual(together[asked.length + i]!.tokens, (await write(own, { prompt })).tokens, "others do as always");
  }
});

Deno.test("a text in which all experts rest is written by the hub alone", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  const model = stitched(2);
  const before = tf.memory().numTensors;
  {
    await using engine = createEngine(model, TOKENIZER);
    const prompt = PROMPTS[0]!;
    const { run, tokens } = await write(engine, { prompt, skip: { below: 1 } });
    assert.deepEqual(run!.experts.map(({ tokens }) => tokens), [1, 2, 3].map(() => prompt.length));
    assert.ok(tokens.length > 3);
    // The same with all experts switched off after the prompt.
    const state = model.decodingState() as StitchedState & { without: readonly number[] };
    let part: readonly number[] = prompt;
    for (const { id } of tokens) {
      const logits = tf.tidy(() =>
        rowInvariant(() =>
          model.logits(tf.tensor2d([[...part]], undefined, "int32"), [state], { last: true }).dataSync()
        )
      );
      assert.equal(logits.indexOf(Math.max(...logits)), id);
      state.without = [1, 2, 3];
      part = [id];
    }
    state.dispose();
  }
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
});

Deno.test("skipping is refused for models without experts that may rest, and for settings out of range", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  await using plain = createEngine(decoder(CONFIG, toDevice(bigWeights(CONFIG, 1))), TOKENIZER);
  await using engine = createEngine(stitched(), TOKENIZER);
  for (const [one, skip] of [[plain, { below: 0.1 }], [plain, { below: 0 }], [engine, { below: 2 }]] as const) {
    await assert.rejects(
      write(one, { skip }),
      (error) => error instanceof UserError && error.code === "generate.skip",
    );
  }
});

optionalTest(
  "vulkan",
  "on WebGPU the same experts rest as on the CPU, and a threshold of 0 changes no bit",
  async () => {
    const [prompt, skip] = [PROMPTS[0]!, { below: 0.26, above: 0.3, every: 2 }];
    const writeOn = async (name: "cpu" | "webgpu") => {
      await using device = await openDevice(name);
      assert.equal(device.name, name);
      await using engine = createEngine(stitched(2), TOKENIZER, [], { prefixBytes: 0 });
      const texts = [];
      for (const one of [{}, { skip: { below: 0 } }, { skip }]) {
        texts.push(await write(engine, { prompt, maxTokens: 12, ...one }));
      }
      return texts;
    };
    const [wanted, found] = [await writeOn("cpu"), await writeOn("webgpu")];
    assert.deepEqual(found[1], found[0]);
    const ids = ({ tokens }: Written) => tokens.map(({ id }) => id);
    assert.deepEqual(found.map(ids), wanted.map(ids));
    assert.deepEqual(found[2]!.run, wanted[2]!.run);
    assert.ok(found[2]!.run!.experts.some(({ tokens }) => tokens < found[2]!.run!.tokens), "experts rested");
  },
);
