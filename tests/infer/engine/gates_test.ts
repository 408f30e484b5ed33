// The gates that an engine tells, token by token: those of whole passes, for every kind of model that has them.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { mixtureLanguageModel } from "../../../lib/baselines/mixture/model.ts";
import { routedLanguageModel } from "../../../lib/baselines/routing/model.ts";
import { UserError } from "../../../lib/errors.ts";
import {
  createEngine,
  type EngineOptions,
  type Generation,
  type GenerationRequest,
  type InferenceEngine,
  type PredictionGates,
} from "../../../lib/infer/mod.ts";
import { btmEnsemble } from "../../../lib/merge/mod.ts";
import { decoder, type LanguageModel, toDevice } from "../../../lib/model/mod.ts";
import { stitchedLanguageModel, stitchModels, tokenGates } from "../../../lib/stitch/mod.ts";
import { openDevice, rowInvariant } from "../../../lib/tensor/mod.ts";
import { MIXTURES, tinyMixture } from "../../baselines/mixtures.ts";
import { bigWeights, noisyStitches, stitchConfig, TINY, tinyStitched } from "../../tiny.ts";

const CONFIG = { ...TINY, contextLength: 48 };
const TOKENIZER = {
  endOfText: 39,
  decode: (ids: readonly number[]) => String.fromCharCode(...ids.map((id) => 97 + id)),
};
const PROMPTS = [[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17], [1, 2, 3], [30]];

const decoders = () => [1, 2, 3].map((seed) => decoder(CONFIG, toDevice(bigWeights(CONFIG, seed))));

/** Every kind of model with gates; mixtures and routers weigh three models. */
const MODELS: Readonly<Record<string, () => LanguageModel>> = {
  "stitched": () => stitchedLanguageModel(tinyStitched({ stitch: stitchConfig({ count: 3 }), config: CONFIG })),
  "ensemble": () => btmEnsemble(decoders()),
  "ensemble of the best": () => btmEnsemble(decoders(), { topK: 1, history: 4 }),
  "routing": () => {
    const weights = [1, 2, 3].map((seed) => toDevice(bigWeights(CONFIG, seed)));
    const router = tf.randomNormal<tf.Rank.R2>([3, CONFIG.width], 0, 1, "float32", 5);
    const table = weights[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
    return routedLanguageModel({ models: weights.map((one) => decoder(CONFIG, one)), table, router });
  },
  ...Object.fromEntries(
    (["btx-soft", "btx-top2", "bam"] as const).map((name) => [
      name,
      () => mixtureLanguageModel(tinyMixture(MIXTURES[name], { config: CONFIG })),
    ]),
  ),
};

interface Written extends Generation {
  readonly ids: readonly number[];
  readonly gates: readonly (PredictionGates | undefined)[];
}

async function write(engine: InferenceEngine, request: Partial<GenerationRequest>): Promise<Written> {
  const generation = engine.generate({ prompt: [1, 2, 3], maxTokens: 6, sampling: { temperature: 0 }, ...request });
  const tokens: { id: number; gates?: PredictionGates }[] = [];
  for (let step = await generation.next();; step = await generation.next()) {
    if (step.done) return { ...step.value, ids: tokens.map(({ id }) => id), gates: tokens.map(({ gates }) => gates) };
    tokens.push(step.value);
  }
}

/** The gates at each of `ids`, from one pass over the prompt and one for each token after it. */
async function byPasses(model: LanguageModel, ids: readonly number[], prompt: number): Promise<PredictionGates[]> {
  const state = model.decodingState();
  const all: PredictionGates[] = [];
  for (const part of [ids.slice(0, prompt), ...ids.slice(prompt).map((id) => [id])]) {
    const places: tf.Tensor2D[] = [];
    const input = tf.tensor2d([part], undefined, "int32");
    const gates = (place: number, values: tf.Tensor2D) => void (places[place] = tf.keep(values));
    rowInvariant(() => model.logits(input, [state], { gates })).dispose();
    const read = await Promise.all(places.map((place) => place.array()));
    part.forEach((_, t) => all.push(read.map((rows) => rows[t]!)));
    tf.dispose([input, places]);
  }
  state.dispose();
  return all;
}

for (const [name, make] of Object.entries(MODELS)) {
  Deno.test(`\`createEngine()\` tells the gates of each prediction of a model: ${name}`, async () => {
    await using _device = await openDevice("cpu", { threads: 2 });
    const model = make();
    const before = tf.memory().numTensors;
    for (const options of [{}, { batch: 2, chunk: 4 }] satisfies EngineOptions[]) {
      await using engine = createEngine(model, TOKENIZER, [], options);
      const asked = (["all", "generated", undefined] as const).flatMap((gates) =>
        PROMPTS.map((prompt) => ({ prompt, gates }))
      );
      const written = await Promise.all(
        asked.map(({ prompt, gates }) => write(engine, { prompt, ...(gates && { gates }) })),
      );
      for (const [i, { prompt, gates }] of asked.entries()) {
        const { ids, gates: told, promptGates } = written[i]!;
        const what = `${JSON.stringify(options)}, text ${i}`;
        if (gates === undefined) {
          assert.ok(told.every((one) => one === undefined), what);
          assert.equal(promptGates, undefined, what);
          continue;
        }
        const wanted = await byPasses(model, [...prompt, ...ids], prompt.length);
        assert.deepEqual(told, wanted.slice(prompt.length - 1, -1), what);
        assert.deepEqual(
          promptGates,
          gates === "all" ? [null, ...wanted.slice(0, prompt.length - 1)] : undefined,
          what,
        );
        for (const one of told) {
          assert.deepEqual(one!.map(({ length }) => length), model.gates!.map(({ models }) => models.length), what);
          const shares = one!.at(-1)!;
          assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-5, what);
        }
        assert.deepEqual(ids, written[(i % PROMPTS.length) + 2 * PROMPTS.length]!.ids, `${what}: gates change nothing`);
      }
    }
    assert.equal(tf.memory().numTensors, before, "tensors left behind");
  });
}

Deno.test("`createEngine()` computes no gates unless asked, and takes them from a model that was told to stitch", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  const stitched = tinyStitched({ stitch: stitchConfig({ count: 3 }), config: CONFIG });
  const plain = stitchedLanguageModel(stitched);
  let probes = 0;
  const model: LanguageModel = {
    ...plain,
    logits(ids, states, options) {
      if (options?.gates !== undefined) probes++;
      return plain.logits(ids, states, options);
    },
  };
  await using engine = createEngine(model, TOKENIZER);
  await write(engine, {});
  assert.equal(probes, 0);
  const prompt = PROMPTS[0]!;
  const { ids, gates } = await write(engine, { prompt, gates: "generated" });
  const stitches = await tokenGates(stitched, [...prompt, ...ids]);
  gates.forEach((one, t) =>
    stitches.forEach(({ gates }, stitch) =>
      one![stitch]!.forEach((gate, i) => assert.ok(Math.abs(gate - gates[prompt.length - 1 + t]![i]!) < 1e-5))
    )
  );
  const { models, shares } = model.gates!.at(-1)!;
  assert.deepEqual([models, shares], [[0, 1, 2], true]);

  // From the cache: what is asked again has the same gates.
  const again = await write(engine, { prompt, gates: "generated" });
  assert.deepEqual([again.cachedTokens, again.gates], [prompt.length - 1, gates]);
  assert.equal((await write(engine, { prompt, gates: "all" })).cachedTokens, 0);
});

Deno.test("`createEngine()` switches models off for one text, as if they had never been there", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  const stitch = stitchConfig({ count: 3 });
  const of = (kept: readonly number[]) => {
    const weights = [5, 6, 7].map((seed) => toDevice(bigWeights(CONFIG, seed)));
    const stitches = toDevice(noisyStitches(stitch, 2, 5, CONFIG));
    const experts = kept.map((expert) => weights[expert]!);
    return stitchedLanguageModel(
      stitchModels({ config: CONFIG, stitch, hub: weights[0]!, experts, stitches, present: kept }),
    );
  };
  const cases: readonly (readonly [LanguageModel, number, LanguageModel])[] = [
    [of([1, 2]), 1, of([2])],
    [of([1, 2]), 2, of([1])],
    [btmEnsemble(decoders()), 1, btmEnsemble(decoders().filter((_, i) => i !== 1))],
  ];
  for (const [i, [model, off, reduced]] of cases.entries()) {
    await using engine = createEngine(model, TOKENIZER);
    await using other = createEngine(reduced, TOKENIZER);
    const prompt = PROMPTS[0]!;
    const [whole, without, again] = await Promise.all(
      [[], [off], [off]].map((without) => write(engine, { prompt, without, gates: "generated", logprobs: 0 })),
    );
    const wanted = await write(other, { prompt, gates: "generated", logprobs: 0 });
    assert.deepEqual(without!.ids, wanted.ids, `case ${i}`);
    assert.deepEqual(without, again, `case ${i}`);
    assert.notDeepEqual(whole!.gates, without!.gates, `case ${i}`);
    const column = model.gates!.at(-1)!.models.indexOf(off);
    without!.gates.forEach((one, t) => {
      const shares = one!.at(-1)!;
      assert.equal(shares[column], 0);
      wanted.gates[t]!.at(-1)!.forEach((share, j) => {
        assert.ok(Math.abs(share - shares[j < column ? j : j + 1]!) < 1e-5, `case ${i}, token ${t}`);
      });
    });
    // What is read without a model is not kept for texts with it.
    assert.deepEqual((await write(engine, { prompt, gates: "generated", logprobs: 0 })).ids, whole!.ids, `case ${i}`);
  }
  await using engine = createEngine(cases[0]![0], TOKENIZER);
  for (const without of [[0], [3], [1.5]]) {
    await assert.rejects(
      write(engine, { without }),
      (error) => error instanceof UserError && error.code === "generate.without",
    );
  }
  await using ensemble = createEngine(cases[2]![0], TOKENIZER);
  await assert.rejects(write(ensemble, { without: [0, 1, 2] }), /All models are switched off/);
});

Deno.test("`createEngine()` refuses to tell the gates of a decoder", async () => {
  await using _device = await openDevice("cpu", { threads: 2 });
  await using engine = createEngine(decoders()[0]!, TOKENIZER);
  await assert.rejects(
    write(engine, { gates: "generated" }),
    (error) => error instanceof UserError && error.code === "generate.gates",
  );
});
